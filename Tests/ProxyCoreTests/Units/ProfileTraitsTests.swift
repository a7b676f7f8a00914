import Testing

@testable import ProxyCore

struct ProfileTraitsTests {
    private func traits(_ name: String, _ value: String) -> ProfileTraits {
        ProfileTraits([SessionSetting(name: name, value: value)])
    }

    @Test(arguments: [
        ("1", 1.0), ("30s", 30_000), ("1min", 60_000), ("1h", 3_600_000), ("1d", 86_400_000), ("500 us", 0.5), ("0", 0),
        ("-1", -1), (" 20 ms", 20),
    ])
    func readsTimes(text: String, milliseconds: Double) {
        #expect(ProfileTraits.milliseconds(text) == milliseconds)
    }

    @Test func knowsWhatIsNoTime() {
        #expect(ProfileTraits.milliseconds("") == nil)
        #expect(ProfileTraits.milliseconds("soon") == nil)
        #expect(ProfileTraits.milliseconds("1 fortnight") == nil)
    }

    @Test func shortLimitsAreNotForServersAtRest() {
        for name in ["statement_timeout", "transaction_timeout"] {
            #expect(traits(name, "1ms").hasShortTimeout)
            #expect(traits(name, "1ms").mustNotRest)
            #expect(!traits(name, "30s").mustNotRest)
            #expect(!traits(name, "0").mustNotRest)
        }
        #expect(traits("idle_session_timeout", "1h").mustNotRest)
        #expect(!traits("idle_session_timeout", "1h").hasShortTimeout)
        #expect(!traits("idle_session_timeout", "0").mustNotRest)
        #expect(!traits("lock_timeout", "1ms").mustNotRest)
        #expect(!ProfileTraits().mustNotRest)
    }

    @Test func tellsOfTransactions() {
        #expect(traits("default_transaction_isolation", "serializable").transactions.isolation == .serializable)
        #expect(traits("default_transaction_read_only", "on").transactions.isReadOnly)
    }
}
