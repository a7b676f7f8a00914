import Testing

@testable import ProxyCore

struct ConsoleTests {
    @Test(arguments: ["SHOW PINS", "show pins", " Show\tPins ;", "SHOW PINS;;"])
    func commandsAreReadAsTheyAreTyped(text: String) { #expect(ConsoleCommand(text) == ConsoleCommand(.showPins)) }

    @Test(arguments: ["", ";", "SHOW", "SHOW PINS NOW", "SELECT 1", "SHOW PIN"])
    func othersAreNone(text: String) { #expect(ConsoleCommand(text) == nil) }

    @Test(
        arguments: [
            (0, "1970-01-01 00:00:00.000+00"), (951_782_400_000_000, "2000-02-29 00:00:00.000+00"),
            (1_709_251_199_999_999, "2024-02-29 23:59:59.999+00"),
            (1_709_251_200_000_000, "2024-03-01 00:00:00.000+00"),
            (-1, "1969-12-31 23:59:59.999+00"), (4_102_444_800_123_456, "2100-01-01 00:00:00.123+00"),
        ] as [(Microseconds, String)]
    )
    func timesAreWrittenAsPostgreSQLDoes(microseconds: Microseconds, text: String) {
        #expect(Timestamp.text(microseconds) == text)
    }
}
