import Dispatch
import Glibc
import MonotonicTime
import Synchronization
import Testing

@testable import EventIO

extension EventIOSuite {
    @Suite("Bell, mailbox and timer")
    struct WakingTests {
        @Test(
            "four threads' messages all come, each thread's in order, with few rings",
            arguments: LoopMethods.available
        )
        func burst(method: IOMethod) throws {
            let loop = try TestLoop(method)
            loop.start()
            let each = 20_000
            nonisolated(unsafe) var came: [[Int]] = Array(repeating: [], count: 4)
            let done = DispatchSemaphore(value: 0)
            let mailbox = loop.mailbox
            DispatchQueue.concurrentPerform(iterations: 4) { thread in
                for number in 0..<each {
                    mailbox.post { _ in
                        came[thread].append(number)
                        if came.allSatisfy({ $0.count == each }) { done.signal() }
                    }
                }
            }
            done.wait()
            let seen = loop.ask { _ in came }
            for thread in 0..<4 { #expect(seen[thread] == Array(0..<each)) }
            loop.stop()
        }

        @Test("a burst that the loop finds whole rings once", arguments: LoopMethods.available)
        func oneRing(method: IOMethod) throws {
            let loop = try TestLoop(method)
            loop.start()
            let turns = loop.ask { test in
                for _ in 0..<1_000 { test.perform { _ in } }
                return test.loop.counters.turns
            }
            #expect(loop.ask { $0.loop.counters.turns } <= turns + 5)
            loop.stop()
        }

        @Test(
            "ticks come in order and not before their time; a later wish replaces an earlier",
            arguments: LoopMethods.available
        )
        func ticks(method: IOMethod) throws {
            let loop = try TestLoop(method)
            loop.start()
            for delay in [30_000 as UInt64, 1_000, 0] {
                let before = loop.view.events.count
                let due = loop.ask { test -> UInt64 in
                    let due = MonotonicClock.now + delay
                    test.loop.wake(at: due + 60_000_000)
                    test.loop.wake(at: due)
                    return due
                }
                loop.wait("tick") { $0.events.count > before }
                #expect(MonotonicClock.now >= due)
            }
            loop.ask { $0.loop.wake(at: MonotonicClock.now + 60_000_000) }
            loop.ask { $0.loop.wake(at: .max) }
            #expect(loop.view.events == [.tick, .tick, .tick])
            loop.stop()
        }

        @Test("an idle loop sleeps", arguments: LoopMethods.available)
        func idle(method: IOMethod) throws {
            let loop = try TestLoop(method)
            _ = try loop.listen()
            loop.start()
            let turns = loop.ask { $0.loop.counters.turns }
            // There is nothing to wait for: it is to be left alone for so long.
            usleep(50_000)
            #expect(loop.ask { $0.loop.counters.turns } <= turns + 3)
            loop.stop()
        }

        @Test("a loop that was never run gives back what it took", arguments: LoopMethods.available)
        func neverRun(method: IOMethod) throws {
            for _ in 0..<50 {
                let loop = try TestLoop(method)
                _ = try loop.listen()
            }
        }

        @Test("an idle connection costs a small slot and no buffer")
        func slotSize() {
            #expect(MemoryLayout<Connection>.stride <= 80)
        }

        @Test("the method is the one asked for, or the best with its reason")
        func choice() throws {
            let epoll = try TestLoop(.epoll).loop.ioMethod
            #expect(epoll.method == .epoll)
            let chosen = try EventLoop.make(options: LoopOptions(), pool: .init(limit: 1)).ioMethod
            #expect(chosen.method == (LoopMethods.isRingAvailable ? .ioUring : .epoll))
            #expect(!chosen.detail.isEmpty)
        }
    }
}
