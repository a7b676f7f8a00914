import StatementRouting
import Testing

@testable import ProxyCore

struct SettingsJournalTests {
    private func set(_ name: String, _ value: String) -> SettingsJournal.Step {
        .change(.set(SessionSetting(name: name, value: value)))
    }

    private func names(_ steps: [SettingsJournal.Step]) -> [String] {
        var journal = SettingsJournal()
        for step in steps { journal.apply(step) }
        return journal.changes.map { change in
            switch change {
            case .set(let setting): "\(setting.name)=\(setting.value)"
            case .setUnseen(let name): "?\(name)"
            case .reset(let name): "-\(name)"
            case .resetAll: "-"
            }
        }
    }

    @Test func keepsTheOrder() {
        #expect(names([set("a", "1"), set("b", "2"), .change(.reset(name: "a"))]) == ["a=1", "b=2", "-a"])
        #expect(names([]) == [])
        #expect(SettingsJournal().isEmpty)
    }

    @Test func goesBackToSavepoints() {
        #expect(names([set("a", "1"), .savepoint("x"), set("a", "2"), .rollbackTo("x")]) == ["a=1"])
        // The savepoint is there still.
        #expect(
            names([set("a", "1"), .savepoint("x"), set("a", "2"), .rollbackTo("x"), set("a", "3"), .rollbackTo("x")])
                == ["a=1"]
        )
        // Of two with one name the later counts.
        #expect(
            names([set("a", "1"), .savepoint("x"), set("a", "2"), .savepoint("x"), set("a", "3"), .rollbackTo("x")])
                == ["a=1", "a=2"]
        )
    }

    @Test func releasingUncoversTheOneBefore() {
        #expect(
            names([
                set("a", "1"), .savepoint("x"), set("a", "2"), .savepoint("x"), set("a", "3"), .release("x"),
                .rollbackTo("x"),
            ]) == ["a=1"]
        )
        #expect(names([set("a", "1"), .savepoint("x"), set("a", "2"), .release("x")]) == ["a=1", "a=2"])
        // Releasing one releases those behind it.
        #expect(
            names([
                set("a", "1"), .savepoint("x"), set("a", "2"), .savepoint("y"), set("a", "3"), .release("x"),
            ]) == ["a=1", "a=2", "a=3"]
        )
    }

    @Test func whatWasSavedBeforeTheFirstChangeTakesBackAll() {
        #expect(names([.savepoint("x"), set("a", "1"), .rollbackTo("x")]) == [])
        #expect(names([.savepoint("x"), set("a", "1"), .savepoint("y"), set("a", "2"), .rollbackTo("x")]) == [])
    }

    @Test func readsSavepointCommands() {
        func step(_ text: String) -> SettingsJournal.Step? {
            SessionCommands.parse(Array(text.utf8).span.bytes, standardConformingStrings: true)
                .flatMap { SettingsJournal.step(in: $0) }
        }
        #expect(step("SAVEPOINT x") == .savepoint("x"))
        #expect(step("RELEASE X") == .release("x"))
        #expect(step("ROLLBACK TO SAVEPOINT \"X\"") == .rollbackTo("X"))
        #expect(step("SAVEPOINT x; SAVEPOINT y") == nil)
        #expect(step("SET a = 1") == nil)
    }
}
