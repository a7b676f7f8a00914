import FuzzTargets
import Glibc
import Testing

/// The corpus of `make fuzz`, and what is near to it, without libFuzzer. What the fuzzer finds goes into the corpus,
/// and so is never forgotten.
struct CorpusTests {
    private static let directory = String("\(#filePath)".dropLast("Tests/CorpusTests.swift".count)) + "Corpus/"

    private func files(_ target: FuzzTarget) -> [(name: String, bytes: [UInt8])] {
        let path = Self.directory + target.rawValue
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var found: [(String, [UInt8])] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard !name.hasPrefix("."), let file = fopen("\(path)/\(name)", "r") else { continue }
            var bytes = [UInt8](repeating: 0, count: 64 << 10)
            let count = fread(&bytes, 1, bytes.count, file)
            fclose(file)
            found.append((name, Array(bytes.prefix(count))))
        }
        return found.sorted { $0.0 < $1.0 }
    }

    @Test("Nothing of the corpus traps, nor what is cut or changed of it", arguments: FuzzTarget.allCases)
    func corpus(target: FuzzTarget) {
        let files = files(target)
        #expect(files.count >= 3)
        for (name, bytes) in files {
            for (what, input) in neighbours(bytes, step: target == .engine ? 23 : 3) {
                if let failure = target.run(input) { Issue.record("\(target)/\(name), \(what): \(failure)") }
            }
        }
    }

    /// The bytes themselves, their beginnings, and each with a byte changed.
    private func neighbours(_ bytes: [UInt8], step: Int) -> [(String, [UInt8])] {
        var inputs = [("as it is", bytes)]
        for place in stride(from: 0, to: bytes.count, by: max(step, bytes.count / 100)) {
            inputs.append(("cut at \(place)", Array(bytes.prefix(place))))
            var changed = bytes
            changed[place] = changed[place] &* 31 &+ 17
            inputs.append(("changed at \(place)", changed))
        }
        return inputs
    }
}
