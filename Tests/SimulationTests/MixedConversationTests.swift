import Glibc
import ProxySimulation
import Testing

/// Messages in any order, mixed within batches and packets: what a client is told, and what is written, is what the
/// model PostgreSQL says and does without a proxy. Whoever comes next to the same servers finds nothing of it, also
/// where the first connection is lost on the way.
///
/// `HOWDAH_MIXED_SEEDS` plays more of them, `HOWDAH_MIXED_SEED=n` one alone, with all that is said. A failure is told
/// by the smallest conversation that fails in the same way.
struct MixedConversationTests {
    private static func number(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }

    private func smallest(_ failing: MixedConversation) -> MixedConversation {
        var conversation = failing
        var number = 0
        while let smaller = conversation.without(number) {
            if MixedWorld(smaller).run() != nil { conversation = smaller } else { number += 1 }
        }
        return conversation
    }

    @Test("Whatever a client sends, in whatever order: it is answered as PostgreSQL would answer")
    func mixed() {
        let only = Self.number("HOWDAH_MIXED_SEED")
        var failures = 0
        for seed in only.map({ $0...$0 }) ?? 1...(Self.number("HOWDAH_MIXED_SEEDS") ?? 1500) {
            let conversation = MixedConversation(seed: seed, size: seed.isMultiple(of: 3) ? 40 : 12)
            guard MixedWorld(conversation).run() != nil else { continue }
            let small = smallest(conversation)
            let failure = MixedWorld(small, trace: only == nil ? nil : { print($0) }).run()
            Issue.record("HOWDAH_MIXED_SEED=\(seed), \(small): \(failure ?? "")")
            failures += 1
            if failures == 5 { return }
        }
    }
}
