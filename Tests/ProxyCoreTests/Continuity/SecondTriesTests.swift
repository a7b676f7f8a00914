import Testing

@testable import ProxyCore

/// What a batch's tries tell of the next one.
struct SecondTriesTests {
    @Test("There are as many tries as nodes, and one; the count does not begin anew however long it goes on")
    func count() {
        var tries = SecondTries()
        var sent = 1
        while tries.mayGoOn(nodes: 3) {
            tries.runAgain()
            sent += 1
        }
        #expect(sent == 5)
        for _ in 0..<600 { tries.runAgain() }
        #expect(!tries.mayGoOn(nodes: 3) && !tries.isFirst)
    }

    @Test("Running again keeps what the tries have told, and is not armed until it is sent")
    func again() {
        var tries = SecondTries()
        tries.arm(.describes)
        tries.wasLost(on: 1)
        tries.forceToPrimary()
        tries.runAgain()
        #expect(!tries.isArmed && !tries.isFirst && tries.isForcedToPrimary)
        #expect(tries.hasBeenLost(on: 1) && !tries.hasBeenLost(on: 0) && !tries.hasBeenLost(on: 2))
    }

    @Test("Nothing of it holds for the next batch")
    func end() {
        var tries = SecondTries()
        tries.arm(.parses)
        tries.wasLost(on: 2)
        tries.forceToPrimary()
        tries.runAgain()
        tries.end()
        #expect(!tries.isArmed && tries.isFirst && !tries.isForcedToPrimary && !tries.hasLosses)
    }

    @Test("Batches that run again together are renewed only as all of them would be")
    func renewal() {
        var tries = SecondTries()
        tries.arm(.describes)
        tries.join(.describes)
        #expect(tries.renewal == .describes)
        tries.join(.parses)
        #expect(tries.renewal == .none)
    }

    @Test("A node that shares its bit with another is avoided too, never used too early")
    func sharedBits() {
        var tries = SecondTries()
        tries.wasLost(on: 3)
        #expect(tries.hasBeenLost(on: 35) && !tries.hasBeenLost(on: 34))
        tries.forgive()
        #expect(!tries.hasLosses && !tries.hasBeenLost(on: 3))
    }
}
