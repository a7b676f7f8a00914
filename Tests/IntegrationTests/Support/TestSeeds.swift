import Foundation

/// The seeds of generated scripts: always the same ones, so that a test that passes today passes tomorrow.
///
/// `HOWDAH_TEST_SEED=17` plays that one alone; `HOWDAH_TEST_SEED=random` goes hunting with seeds that nobody has
/// played, as many as `HOWDAH_TEST_SEEDS` says.
enum TestSeeds {
    static func chosen(default fixed: [UInt64]) throws -> [UInt64] {
        let environment = ProcessInfo.processInfo.environment
        guard let wish = environment["HOWDAH_TEST_SEED"] else { return fixed }
        if wish == "random" {
            let count = environment["HOWDAH_TEST_SEEDS"].flatMap { Int($0) } ?? fixed.count
            return (0..<count).map { _ in UInt64.random(in: 1...UInt64.max) }
        }
        guard let seed = UInt64(wish), seed > 0 else {
            throw HowdahProcess.Failure("HOWDAH_TEST_SEED is \"\(wish)\": neither a number from 1 nor \"random\"")
        }
        return [seed]
    }
}
