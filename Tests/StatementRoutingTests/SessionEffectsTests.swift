import Foundation
import Testing

struct SessionEffectsTests {
    @Test("No two effects have the same bit")
    func distinct() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = root.appendingPathComponent("Sources/StatementRouting/Classes/SessionEffects.swift")
        let text = try String(contentsOf: file, encoding: .utf8)
        let bits = text.matches(of: /rawValue: 1 << ([0-9]+)/).map { String($0.output.1) }
        #expect(bits.count > 30)
        #expect(Set(bits).count == bits.count, "\(bits.sorted())")
    }
}
