import Testing

@testable import Configuration

@Suite struct ValueTests {
    private static let time = SettingKind.duration(
        unit: .seconds,
        .milliseconds(1)...(.seconds(1_000_000)),
        zeroDisables: true
    )
    private static let size = SettingKind.size(1...(1 << 40))

    @Test(arguments: [
        ("10", Duration.seconds(10)), ("10s", .seconds(10)), ("10 s", .seconds(10)), ("1.5h", .seconds(5_400)),
        ("0", .zero), ("0ms", .zero), ("2min", .seconds(120)), ("1d", .seconds(86_400)),
        ("1500us", .microseconds(1_500)),
        ("0.001", .milliseconds(1)), (".5s", .milliseconds(500)),
    ])
    func readsTimes(text: String, expected: Duration) throws {
        #expect(try Self.time.parse(text) == .duration(expected))
    }

    @Test(arguments: [
        "", "s", "-1", "1x", "1S", "1 m", "1 s s", "12d", "1us", "0.1us", "1.1234567", "99999999999999999999",
        "9223372036854775807d", "1e3", "0x10", "١", "1\u{0}", "½",
    ])
    func refusesTimes(text: String) {
        #expect(throws: SettingKind.ValueError.self) { try Self.time.parse(text) }
    }

    @Test(arguments: [("1", 1), ("64kB", 65_536), ("1.5MB", 1_572_864), ("2 GB", 2 << 30), ("7B", 7)])
    func readsSizes(text: String, expected: Int) throws {
        #expect(try Self.size.parse(text) == .size(expected))
    }

    @Test(arguments: ["0", "64kb", "64K", "1.0001kB", "2000GB", "8589934592GB", "9223372036854775808", "kB"])
    func refusesSizes(text: String) {
        #expect(throws: SettingKind.ValueError.self) { try Self.size.parse(text) }
    }

    @Test func namesTheUnitThatWasMeant() {
        #expect(throws: SettingKind.ValueError(hint: "the unit is written \"kB\"")) { try Self.size.parse("64KB") }
        #expect(throws: SettingKind.ValueError(hint: "its units are us, ms, s, min, h, d")) {
            try Self.time.parse("3 sec")
        }
    }

    @Test func readsBooleans() throws {
        for text in ["on", "true", "YES", "1"] { #expect(try SettingKind.boolean.parse(text) == .boolean(true)) }
        for text in ["off", "False", "no", "0"] { #expect(try SettingKind.boolean.parse(text) == .boolean(false)) }
        for text in ["", "o", "2", "enabled"] {
            #expect(throws: SettingKind.ValueError.self) { try SettingKind.boolean.parse(text) }
        }
    }

    @Test func readsLists() throws {
        #expect(try SettingKind.list.parse(" a, ::1 ,b") == .list(["a", "::1", "b"]))
        #expect(try SettingKind.list.parse("  ") == .list([]))
        for text in ["a,", ",", "a,,b"] {
            #expect(throws: SettingKind.ValueError.self) { try SettingKind.list.parse(text) }
        }
    }

    @Test func rendersWhatItReadsBack() throws {
        for count in [0, 1_000, 1_500, 999_999, 60_000_000, 90_000_000, 3_600_000_000, 86_400_000_000] {
            let value = SettingValue.duration(.microseconds(count))
            #expect(try Self.time.parse(value.rendered) == value)
        }
        for bytes in [1, 1_023, 1_024, 65_536, 1 << 20, 3 << 29] {
            #expect(try Self.size.parse(SettingValue.size(bytes).rendered) == .size(bytes))
        }
        #expect(SettingValue.duration(.seconds(120)).rendered == "2min")
        #expect(SettingValue.size(65_536).rendered == "64kB")
    }

    @Test func roundsDurationsForTheKernel() {
        #expect(Duration.milliseconds(1_500).wholeSecondsRoundedUp == 2)
        #expect(Duration.seconds(2).wholeSecondsRoundedUp == 2)
        #expect(Duration.milliseconds(1_500).wholeMicroseconds == 1_500_000)
    }
}
