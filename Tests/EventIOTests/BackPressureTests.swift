import Bytes
import Dispatch
import Glibc
import Testing

@testable import EventIO

extension EventIOSuite {
    @Suite("Back-pressure")
    struct BackPressureTests {
        @Test(
            "a reader that stops is told of as a backlog, one that goes on as drained",
            arguments: LoopMethods.available
        )
        func slowReader(method: IOMethod) throws {
            let loop = try TestLoop(method)
            let port = try loop.listen()
            loop.start()
            let socket = try TestSocket(port: port)
            loop.wait(for: .accepted(1))
            let piece = TestBytes.pattern(100_000)
            var pieces = 0
            while !loop.view.events.contains(.backlogged(1)) {
                loop.ask { $0.sendNow(1, piece) }
                pieces += 1
                try #require(pieces < 1_000)
            }
            let unsent = loop.ask { $0.loop.unsentBytes($0.ids[1]!) }
            #expect(unsent > loop.loop.options.highWater)
            #expect(!loop.view.events.contains(.drained(1)))
            for _ in 0..<pieces { #expect(socket.receive(piece.count) == piece) }
            loop.wait(for: .drained(1))
            #expect(loop.ask { $0.loop.unsentBytes($0.ids[1]!) } == 0)
            #expect(loop.view.events.filter { $0 == .backlogged(1) }.count == 1)
            #expect(loop.view.events.filter { $0 == .drained(1) }.count == 1)
            loop.stop()
        }

        @Test("a relay that pauses its source holds a bounded number of bytes", arguments: LoopMethods.available)
        func bounded(method: IOMethod) throws {
            let loop = try TestLoop(method)
            loop.onReceived = { test, token, bytes in
                guard token == 1 else { return }
                test.sendNow(2, bytes)
                if test.loop.unsentBytes(test.ids[2]!) > 256 << 10 { test.loop.pauseReceiving(test.ids[1]!) }
            }
            let port = try loop.listen()
            loop.start()
            let source = try TestSocket(port: port)
            loop.wait(for: .accepted(1))
            let sink = try TestSocket(port: port)
            loop.wait(for: .accepted(2))
            let bytes = TestBytes.pattern(30_000_000)
            DispatchQueue.global().async { source.send(bytes) }
            loop.wait(for: .backlogged(2))
            // An io_uring loop may deliver what its buffers already hold.
            let options = loop.loop.options
            let bound = options.highWater + options.receiveBufferSize * (options.receiveBufferCount + 1)
            #expect(loop.ask { $0.loop.unsentBytes($0.ids[2]!) } < bound)
            let received = loop.view.received[1] ?? 0
            #expect(received < bytes.count)
            let done = DispatchSemaphore(value: 0)
            nonisolated(unsafe) var echoed: [UInt8] = []
            DispatchQueue.global().async {
                echoed = sink.receive(bytes.count)
                done.signal()
            }
            var drained = 0
            while (loop.view.received[1] ?? 0) < bytes.count {
                loop.wait("drained again or all came") { view in
                    view.events.filter { $0 == .drained(2) }.count > drained || view.received[1] == bytes.count
                }
                drained = loop.view.events.filter { $0 == .drained(2) }.count
                let used = loop.ask { test -> Int in
                    test.loop.resumeReceiving(test.ids[1]!)
                    return test.pool.bytesInUse
                }
                #expect(used < 2 * bound)
            }
            done.wait()
            #expect(echoed == bytes)
            loop.stop()
        }

        @Test("small pieces behind a slow reader do not each hold a chunk", arguments: LoopMethods.available)
        func smallPieces(method: IOMethod) throws {
            let loop = try TestLoop(method)
            let port = try loop.listen()
            loop.start()
            let socket = try TestSocket(port: port)
            loop.wait(for: .accepted(1))
            let large = TestBytes.pattern(8_000_000)
            let small = TestBytes.pattern(50, seed: 9)
            let used = loop.ask { test in
                test.sendNow(1, large)
                let before = test.pool.bytesInUse
                for _ in 0..<2_000 { test.sendNow(1, small) }
                return test.pool.bytesInUse - before
            }
            #expect(used <= 3 * BufferPool.largeChunkSize)
            #expect(socket.receive(large.count) == large)
            for _ in 0..<2_000 { #expect(socket.receive(50) == small) }
            loop.stop()
        }

        @Test("nothing is received while paused, all after", arguments: LoopMethods.available)
        func pause(method: IOMethod) throws {
            let loop = try TestLoop(method)
            let port = try loop.listen()
            loop.start()
            let socket = try TestSocket(port: port)
            loop.wait(for: .accepted(1))
            for round in 1...20 {
                loop.ask { $0.loop.pauseReceiving($0.ids[1]!) }
                // A turn of the loop: a cancel that was submitted has ended by then.
                loop.ask { _ in }
                loop.ask { _ in }
                let before = loop.view.received[1] ?? 0
                socket.send(TestBytes.pattern(1_000))
                for _ in 0..<3 { loop.ask { _ in } }
                #expect((loop.view.received[1] ?? 0) == before)
                loop.ask { $0.loop.resumeReceiving($0.ids[1]!) }
                loop.wait("round \(round)") { $0.received[1] == round * 1_000 }
            }
            loop.stop()
        }

        @Test("pausing and resuming at random loses nothing", arguments: LoopMethods.available)
        func flapping(method: IOMethod) throws {
            let loop = try TestLoop(method)
            nonisolated(unsafe) var came: [UInt8] = []
            loop.onReceived = { test, _, bytes in
                came += bytes
                let id = test.ids[1]!
                if bytes[0] & 1 == 0 { test.loop.pauseReceiving(id) }
                if bytes[0] & 2 == 0 { test.loop.resumeReceiving(id) }
                if bytes[0] & 3 == 2 { test.perform { $0.loop.resumeReceiving(id) } }
                test.perform { $0.loop.resumeReceiving(id) }
            }
            let port = try loop.listen()
            loop.start()
            let socket = try TestSocket(port: port)
            loop.wait(for: .accepted(1))
            let bytes = TestBytes.pattern(5_000_000)
            DispatchQueue.global().async { socket.send(bytes) }
            loop.wait("all came") { $0.received[1] == bytes.count }
            #expect(loop.ask { _ in came } == bytes)
            loop.stop()
        }

        @Test("the end of a paused connection is told after its last bytes", arguments: LoopMethods.available)
        func endWhilePaused(method: IOMethod) throws {
            let path = "/tmp/howdah-eventio-paused-\(getpid())-\(method.rawValue).sock"
            let loop = try TestLoop(method)
            try loop.loop.listen(on: .unix(path: path, mode: 0o700), backlog: 8, tag: 7)
            loop.start()
            do {
                let socket = try TestSocket(address: SocketAddress(unixPath: path)!)
                loop.wait(for: .accepted(1))
                loop.ask { $0.loop.pauseReceiving($0.ids[1]!) }
                loop.ask { _ in }
                loop.ask { _ in }
                socket.send(TestBytes.pattern(3_000))
            }
            // The peer has gone: an epoll loop must not be woken by that over and over.
            loop.ask { _ in }
            let turns = loop.ask { $0.loop.counters.turns }
            // There is nothing to wait for: it is to be left alone for so long.
            usleep(50_000)
            #expect(loop.ask { $0.loop.counters.turns } < turns + 20)
            #expect(loop.view.received[1] == nil)
            loop.ask { $0.loop.resumeReceiving($0.ids[1]!) }
            loop.wait(for: .closed(1, 0))
            #expect(loop.view.received[1] == 3_000)
            loop.stop()
        }
    }
}
