import Foundation
import Testing

/// What becomes of a cluster whose owner, a process of its own here, dies.
@Suite
struct OwnerDeathTests {
    @Test func nothingIsLeftWhenTheOwnerIsKilled() throws {
        let holder = try Holder()
        let directory = try #require(holder.value(of: "directory", until: "started in"))
        let left = LeftBehind(directory: directory)
        let segments = left.sharedMemory
        #expect(segments.count == 2)
        #expect(left.processes.count >= 2)

        kill(holder.process.processIdentifier, SIGKILL)
        holder.process.waitUntilExit()
        #expect(becomesTrue { !left.isDirectoryThere && left.processes.isEmpty })
        #expect(left.processes == [])
        #expect(try LeftBehind.existing(segments) == [])
    }

    @Test func nothingIsLeftWhenTheOwnerIsKilledWhileStarting() throws {
        let parent = try TemporaryParent()
        defer { parent.remove() }
        let holder = try Holder(environment: ["TMPDIR": parent.path])
        #expect(holder.value(of: "step", until: "step: starting") == "starting 2 servers")
        #expect(try parent.clusters().count == 1)
        kill(holder.process.processIdentifier, SIGKILL)
        holder.process.waitUntilExit()
        #expect(becomesTrue { (try? parent.clusters()) == [] && LeftBehind(directory: parent.path).processes.isEmpty })
    }

    @Test func missingBinariesAreNamedWithThePackage() throws {
        let holder = try Holder(environment: ["HOWDAH_PG_BIN": "/nonexistent"])
        let error = try #require(holder.value(of: "error", until: "error"))
        holder.process.waitUntilExit()
        #expect(holder.process.terminationStatus == 1)
        #expect(error.contains("apt-get install postgresql"))
        #expect(error.contains("HOWDAH_PG_BIN=/nonexistent"))
    }

    @Test func anUnusableTemporaryDirectoryIsPassedOver() throws {
        let long = FileManager.default.temporaryDirectory.path + "/" + String(repeating: "x", count: 120)
        let holder = try Holder(environment: ["TMPDIR": long])
        let directory = try #require(holder.value(of: "directory", until: "started in"))
        #expect(directory.hasPrefix("/tmp/howdah-"))
        holder.input.fileHandleForWriting.closeFile()
        holder.process.waitUntilExit()
        #expect(holder.process.terminationStatus == 0)
        #expect(!LeftBehind(directory: directory).isDirectoryThere)
    }

    /// Looks until the condition holds, for 30 seconds at most.
    private func becomesTrue(_ condition: () -> Bool) -> Bool {
        let deadline = ContinuousClock.now + .seconds(30)
        while !condition() {
            guard ContinuousClock.now < deadline else { return false }
            usleep(10_000)
        }
        return true
    }
}
