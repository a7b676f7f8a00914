import Dispatch
import Glibc
import Testing

@testable import EventIO

extension EventIOSuite {
    @Suite("Echo through a loop")
    struct EchoTests {
        @Test("every byte of every size comes back", arguments: LoopMethods.available)
        func sizes(method: IOMethod) throws {
            let loop = try TestLoop.echo(method)
            let port = try loop.listen()
            loop.start()
            for size in [1, 100, 4_064, 4_065, 65_503, 65_504, 65_536, 65_537, 300_000, 20_000_000] {
                let socket = try TestSocket(port: port)
                let bytes = TestBytes.pattern(size, seed: UInt64(size))
                DispatchQueue.global().async { socket.send(bytes) }
                #expect(socket.receive(size) == bytes)
            }
            loop.stop()
        }

        @Test("a Unix-domain socket serves too, and its file goes", arguments: LoopMethods.available)
        func unix(method: IOMethod) throws {
            let path = "/tmp/howdah-eventio-\(getpid())-\(method.rawValue).sock"
            let loop = try TestLoop.echo(method)
            try loop.loop.listen(on: .unix(path: path, mode: 0o700), backlog: 8, tag: 7)
            loop.start()
            let socket = try TestSocket(address: SocketAddress(unixPath: path)!)
            let bytes = TestBytes.pattern(500_000)
            DispatchQueue.global().async { socket.send(bytes) }
            #expect(socket.receive(bytes.count) == bytes)
            loop.stop()
            #expect(access(path, F_OK) != 0)
        }

        @Test("200 connections at once keep their bytes apart", arguments: LoopMethods.available)
        func many(method: IOMethod) throws {
            let loop = try TestLoop.echo(method)
            let port = try loop.listen()
            loop.start()
            let sockets = try (0..<200).map { _ in try TestSocket(port: port) }
            for round in 1...5 {
                for (index, socket) in sockets.enumerated() {
                    socket.send(TestBytes.pattern(700, seed: UInt64(index * 10 + round)))
                }
                for (index, socket) in sockets.enumerated() {
                    #expect(socket.receive(700) == TestBytes.pattern(700, seed: UInt64(index * 10 + round)))
                }
            }
            #expect(loop.ask { $0.loop.connectionCount } == 200)
            #expect(loop.ask { $0.loop.counters.bytesReceived } == 700_000)
            #expect(loop.ask { $0.pool.bytesInUse } == 0)
            loop.stop()
        }

        @Test("more connections with input than there are buffers", arguments: LoopMethods.available)
        func fewBuffers(method: IOMethod) throws {
            let loop = try TestLoop.echo(method) {
                $0.receiveBufferCount = 2
                $0.receiveBufferSize = 512
                $0.ringEntries = 8
            }
            let port = try loop.listen()
            loop.start()
            let sockets = try (0..<60).map { _ in try TestSocket(port: port) }
            let bytes = TestBytes.pattern(5_000)
            for socket in sockets { socket.send(bytes) }
            for socket in sockets { #expect(socket.receive(bytes.count) == bytes) }
            if method == .ioUring { #expect(loop.ask { $0.loop.counters.receiveBufferShortages } > 0) }
            loop.stop()
        }

        @Test("no descriptor is left after 300 connections", arguments: LoopMethods.available)
        func descriptors(method: IOMethod) throws {
            let before = Self.openDescriptors()
            let loop = try TestLoop.echo(method)
            let port = try loop.listen()
            loop.start()
            for _ in 0..<300 {
                let socket = try TestSocket(port: port)
                socket.send([1])
                #expect(socket.receive(1) == [1])
            }
            loop.wait("all are closed") { view in
                view.events.filter { if case .closed = $0 { true } else { false } }.count == 300
            }
            loop.stop()
            // Other suites may open some meanwhile; a leak of one each would be 300.
            #expect(Self.openDescriptors() < before + 150)
        }

        private static func openDescriptors() -> Int {
            (0..<4_096).count { fcntl(Int32($0), F_GETFD) >= 0 }
        }
    }
}
