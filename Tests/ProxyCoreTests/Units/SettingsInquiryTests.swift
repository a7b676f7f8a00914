import StatementRouting
import Testing

@testable import ProxyCore

struct SettingsInquiryTests {
    private func settings(_ pairs: KeyValuePairs<String, String>) -> [SessionSetting] {
        pairs.map { SessionSetting(name: $0.key, value: $0.value) }
    }

    private func read(_ text: String, parameters: [String?] = []) -> SettingChange.Reading {
        let commands = SessionCommands.parse(Array(text.utf8).span.bytes, standardConformingStrings: true) ?? []
        return SettingChange.read(
            commands,
            callsSetConfig: commands.map { _ in text.contains("set_config") },
            parameters: parameters
        )
    }

    private func after(
        _ text: String,
        told: KeyValuePairs<String, String?>,
        before: KeyValuePairs<String, String> = [:],
        start: KeyValuePairs<String, String> = [:],
        isComplete: Bool = false
    ) -> [String] {
        var inquiry = SettingsInquiry(
            changes: read(text).changes,
            names: told.map(\.key),
            isComplete: isComplete
        )
        for (name, value) in told { inquiry.tell(name, value) }
        return inquiry.applied(to: settings(before), start: settings(start), user: "app").sorted()
            .map { "\($0.name)=\($0.value)" }
    }

    @Test func theServersWordCounts() {
        #expect(after("SET datestyle = 'ISO'", told: ["DateStyle": "ISO, DMY"]) == ["datestyle=ISO, DMY"])
        #expect(after("SET work_mem = '1024'", told: ["work_mem": "1MB"]) == ["work_mem=1MB"])
        #expect(
            after("SET TIME ZONE INTERVAL '-8' HOUR TO MINUTE", told: ["TimeZone": "<-08>+08"]) == ["timezone=<-08>+08"]
        )
        // Six digits are shown of a number that has more.
        #expect(
            after("SET seq_page_cost = 1.23456789", told: ["seq_page_cost": "1.23457"]) == ["seq_page_cost=1.23456789"]
        )
        #expect(after("SET x.y = '1.0000001'", told: [:]) == ["x.y=1.0000001"])
        #expect(SettingsInquiry.exact("100000000", told: "1e+08") == "1e+08")
        #expect(SettingsInquiry.exact("1.5", told: "2") == "2")
    }

    @Test func rolesGoTogether() {
        #expect(
            after(
                "SET SESSION AUTHORIZATION other",
                told: ["session_authorization": "other", "role": "none"],
                before: ["role": "r"]
            ) == ["session_authorization=other"]
        )
        #expect(
            after(
                "RESET SESSION AUTHORIZATION",
                told: ["session_authorization": "app", "role": "none"],
                before: ["role": "r", "session_authorization": "other"]
            ) == []
        )
        #expect(after("SET ROLE NONE", told: ["role": "none"], before: ["role": "r"]) == [])
    }

    @Test func aCustomSettingStaysEmpty() {
        #expect(after("RESET app.x", told: [:], before: ["app.x": "1"]) == ["app.x="])
        #expect(after("RESET app.x", told: [:], before: ["app.x": "1"], start: ["app.x": "2"]) == ["app.x=2"])
        #expect(
            after("RESET ALL", told: [:], before: ["app.x": "1", "work_mem": "1MB", "role": "r"]) == [
                "app.x=", "role=r",
            ]
        )
        #expect(after("SET LOCAL app.x = '1'", told: ["app.x": ""]) == ["app.x="])
        #expect(after("SET LOCAL app.x = '1'", told: ["app.x": nil]) == [])
    }

    @Test func whatIsNotToldAmongAllIsNotSet() {
        #expect(
            after(
                "UPDATE pg_settings SET setting = '1MB' WHERE name = 'work_mem'",
                told: ["work_mem": "1MB", "app.x": "7", "role": "none", "session_authorization": "app"],
                before: ["work_mem": "8MB", "datestyle": "ISO, DMY", "app.x": "1"],
                start: ["datestyle": "ISO, MDY", "work_mem": "2MB"],
                isComplete: true
            ) == ["app.x=7", "datestyle=ISO, MDY", "work_mem=1MB"]
        )
    }

    @Test func asksOneRowASetting() {
        let named = SettingsInquiry(changes: [], names: ["a.b", "we'ird.c"], isComplete: false)
        #expect(
            named.query == """
                SELECT 'a.b',pg_catalog.current_setting('a.b',true) UNION ALL \
                SELECT 'we''ird.c',pg_catalog.current_setting('we''ird.c',true)
                """
        )
        #expect(SettingsInquiry(changes: [], names: [], isComplete: true).query.contains("source='session'"))
    }

    @Test func whatIsDoubtedIsAskedWhetherItIsSetAtAll() {
        var inquiry = SettingsInquiry(changes: [], names: ["app.x"], doubted: ["log_min_messages"], isComplete: false)
        #expect(
            inquiry.query == """
                SELECT name,pg_catalog.current_setting(name,true) FROM pg_catalog.pg_settings \
                WHERE source='session' AND pg_catalog.lower(name) IN ('log_min_messages') UNION ALL \
                SELECT 'app.x',pg_catalog.current_setting('app.x',true)
                """
        )
        let set = SessionSetting(name: "log_min_messages", value: "fatal")
        let start = SessionSetting(name: "log_min_messages", value: "error")
        #expect(inquiry.applied(to: [set], start: [], user: "app").isEmpty)
        #expect(inquiry.applied(to: [set], start: [start], user: "app") == [start])
        inquiry.tell("log_min_messages", "panic")
        #expect(inquiry.applied(to: [set], start: [start], user: "app").map(\.value) == ["panic"])
    }

    @Test func readsWhatAStatementSets() {
        typealias Reading = SettingChange.Reading
        let set = SettingChange.set(SessionSetting(name: "work_mem", value: "1MB"))
        #expect(read("SET work_mem = '1MB'") == Reading(changes: [set]))
        #expect(read("SET LOCAL work_mem = '1MB'") == Reading())
        #expect(read("SET LOCAL app.x = '1'") == Reading(changes: [.setUnseen(name: "app.x")]))
        #expect(read("SET work_mem FROM CURRENT") == Reading(changes: [.setUnseen(name: "work_mem")]))
        #expect(read("SET work_mem TO DEFAULT") == Reading(changes: [.reset(name: "work_mem")]))
        #expect(read("SET work_mem = '1MB'; COMMIT").isUncertain)
        #expect(read("SELECT set_config('work_mem', '1MB', false)") == Reading(changes: [set]))
        #expect(read("SELECT set_config('work_mem', '1MB', true)") == Reading())
        let unseen = Reading(changes: [.setUnseen(name: "work_mem")])
        #expect(read("SELECT set_config('work_mem', $1, false)", parameters: ["1MB"]) == unseen)
        #expect(read("SELECT set_config($1, $2, $3)", parameters: ["WORK_MEM", "1MB", "f"]) == unseen)
        #expect(read("SELECT set_config('work_mem', x, false) FROM t WHERE y") == unseen)
        #expect(read("SELECT set_config(NULL, '1', false)") == Reading())
        let hidden = read("SELECT set_config($1, $2, false)")
        #expect(hidden.hidesCustom && hidden.isIncomplete)
        #expect(read("SELECT set_config(x, y, false) FROM t").hidesCustom)
        let update = read("UPDATE pg_settings SET setting = '1MB' WHERE name = 'work_mem'")
        #expect(update.isIncomplete && !update.hidesCustom)
        #expect(read("DECLARE c CURSOR FOR SELECT set_config('a.b', '1', false)").hidesCustom)
    }

    @Test func doubtsAreBounded() {
        var doubts = SettingDoubts()
        #expect(doubts.isEmpty)
        doubts.add(.set(SessionSetting(name: "work_mem", value: "1MB")))
        #expect(doubts.isEmpty)
        doubts.add(.reset(name: "app.x"))
        doubts.add(.set(SessionSetting(name: "session_authorization", value: "x")))
        doubts.addWhole(.reset(name: "work_mem"))
        #expect(doubts.names == ["app.x", "session_authorization", "work_mem"])
        for number in 0..<300 { doubts.add("app.n\(number)") }
        #expect(doubts.names.count == ProfileStore.mostCarried)
        #expect(doubts.isComplete)
        var all = SettingDoubts()
        all.addWhole(.resetAll)
        #expect(all.isComplete)
    }

    @Test func findsNamesInCode() {
        #expect(
            SettingDoubts.customNames(
                in: "DO $$ BEGIN PERFORM set_config('App.tenant', '7', false); SET x.y.z = 1.5; END. $$"
            ) == ["app.tenant", "x.y.z"]
        )
        #expect(SettingDoubts.customNames(in: String(repeating: "a.b ", count: 100)) == ["a.b"])
        #expect(SettingDoubts.customNames(in: (0..<100).map { "a.b\($0)" }.joined(separator: " ")).count == 32)
    }

    @Test func whatATransactionIsLikeIsNotTheSessions() {
        let all = SettingsInquiry(changes: [], names: [], isComplete: true).query
        #expect(all.contains("NOT IN ('transaction_isolation','transaction_read_only','transaction_deferrable')"))
    }
}
