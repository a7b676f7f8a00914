import Bytes
import Dispatch
import Glibc
import Testing

@testable import EventIO

extension EventIOSuite {
    @Suite("How connections begin and end")
    struct EndingTests {
        @Test(
            "closing with flush sends all, then the end, and the input that nobody reads does not undo it",
            arguments: LoopMethods.available
        )
        func flush(method: IOMethod) throws {
            let loop = try TestLoop(method)
            let port = try loop.listen()
            loop.start()
            let socket = try TestSocket(port: port)
            loop.wait(for: .accepted(1))
            let bytes = TestBytes.pattern(3_000_000)
            loop.ask { test in
                test.sendNow(1, bytes)
                let id = test.ids[1]!
                test.loop.close(id, flush: true)
                #expect(test.loop.unsentBytes(id) == 0)
                // Dead for its owner: this must go nowhere.
                test.sendNow(1, [1, 2, 3])
            }
            socket.send(TestBytes.pattern(10_000))
            let (got, isOrderly) = socket.receiveToEnd()
            #expect(got == bytes)
            #expect(isOrderly)
            #expect(loop.view.received[1] == nil)
            socket.endOutput()
            loop.stop()
            #expect(!loop.view.events.contains(.closed(1, 0)))
        }

        @Test(
            "a peer that never reads does not hold a closing connection for longer than the limit",
            arguments: LoopMethods.available
        )
        func closeTimeout(method: IOMethod) throws {
            let loop = try TestLoop(method) { $0.closeTimeout = 50_000 }
            let port = try loop.listen()
            loop.start()
            let socket = try TestSocket(port: port)
            loop.wait(for: .accepted(1))
            loop.ask { test in
                test.sendNow(1, TestBytes.pattern(20_000_000))
                test.loop.close(test.ids[1]!, flush: true)
            }
            while loop.ask({ $0.loop.connectionCount }) > 0 { usleep(1_000) }
            #expect(loop.ask { $0.pool.bytesInUse } == 0)
            _ = socket
            loop.stop()
        }

        @Test("closing at once ends the stream", arguments: LoopMethods.available)
        func closeAtOnce(method: IOMethod) throws {
            let loop = try TestLoop(method)
            let port = try loop.listen()
            loop.start()
            let socket = try TestSocket(port: port)
            loop.wait(for: .accepted(1))
            loop.ask { $0.loop.close($0.ids[1]!, flush: false) }
            #expect(socket.receiveToEnd().bytes.isEmpty)
            loop.stop()
            #expect(loop.view.events == [.accepted(1)])
        }

        @Test("a reset in the middle of both directions is told once, with its error", arguments: LoopMethods.available)
        func reset(method: IOMethod) throws {
            let loop = try TestLoop(method)
            let port = try loop.listen()
            loop.start()
            do {
                let socket = try TestSocket(port: port)
                loop.wait(for: .accepted(1))
                loop.ask { $0.sendNow(1, TestBytes.pattern(10_000_000)) }
                socket.send([1, 2, 3])
                loop.wait("input") { $0.received[1] == 3 }
                socket.resetOnClose()
            }
            loop.wait("closed") { view in
                view.events.contains { if case .closed(1, let error) = $0 { error != 0 } else { false } }
            }
            #expect(loop.ask { $0.pool.bytesInUse } == 0)
            loop.ask { $0.sendNow(1, [1]) }
            #expect(loop.view.events.filter { if case .closed = $0 { true } else { false } }.count == 1)
            loop.stop()
        }

        @Test(
            "what the peer said before it went is told before its end, though sending fails first",
            arguments: LoopMethods.available
        )
        func lastWords(method: IOMethod) throws {
            let loop = try TestLoop(method)
            let path = "/tmp/howdah-eventio-words-\(getpid())-\(method.rawValue).sock"
            try loop.loop.listen(on: .unix(path: path, mode: 0o700), backlog: 8, tag: 7)
            loop.start()
            let socket = try TestSocket(address: SocketAddress(unixPath: path)!)
            loop.wait(for: .accepted(1))
            loop.ask { test in
                // While the loop's thread is here, the peer speaks and goes; then the loop's own send fails.
                socket.send(TestBytes.pattern(900))
                shutdown(socket.number, Int32(SHUT_RDWR))
                test.sendNow(1, [1])
            }
            loop.wait("closed") { view in
                view.events.contains { if case .closed(1, _) = $0 { true } else { false } }
            }
            #expect(loop.view.received[1] == 900)
            loop.stop()
        }

        @Test("an orderly end of the peer's has error 0", arguments: LoopMethods.available)
        func orderlyEnd(method: IOMethod) throws {
            let loop = try TestLoop(method)
            let port = try loop.listen()
            loop.start()
            let socket = try TestSocket(port: port)
            loop.wait(for: .accepted(1))
            socket.send([9])
            socket.endOutput()
            loop.wait(for: .closed(1, 0))
            #expect(loop.view.received[1] == 1)
            loop.stop()
        }

        @Test("after the peer's end the owner may still send all that it wants", arguments: LoopMethods.available)
        func sendsAfterTheEnd(method: IOMethod) throws {
            let loop = try TestLoop(method)
            loop.staysAfterInput = true
            let port = try loop.listen()
            loop.start()
            let socket = try TestSocket(port: port)
            loop.wait(for: .accepted(1))
            socket.send([9])
            socket.endOutput()
            loop.wait(for: .inputEnded(1))
            let bytes = TestBytes.pattern(3_000_000)
            loop.ask { test in
                // Pausing means nothing any more.
                test.loop.pauseReceiving(test.ids[1]!)
                test.loop.resumeReceiving(test.ids[1]!)
                test.sendNow(1, bytes)
                test.loop.close(test.ids[1]!, flush: true)
            }
            let (got, isOrderly) = socket.receiveToEnd()
            #expect(got == bytes)
            #expect(isOrderly)
            while loop.ask({ $0.loop.connectionCount }) > 0 { usleep(1_000) }
            #expect(loop.ask { $0.pool.bytesInUse } == 0)
            loop.stop()
            #expect(loop.view.events == [.accepted(1), .inputEnded(1)])
        }

        @Test("a connection that breaks after the peer's end is told once", arguments: LoopMethods.available)
        func breaksAfterTheEnd(method: IOMethod) throws {
            let loop = try TestLoop(method)
            loop.staysAfterInput = true
            let port = try loop.listen()
            loop.start()
            var sockets: [TestSocket] = []
            for number in 1...3 as ClosedRange<UInt64> {
                sockets.append(try TestSocket(port: port))
                loop.wait(for: .accepted(number))
                sockets.last?.endOutput()
                loop.wait(for: .inputEnded(number))
            }
            // The first has been sent something that it will not read, so that its close is a reset.
            loop.ask { $0.sendNow(1, [1, 2, 3]) }
            #expect(sockets[0].receive(1) == [1])
            sockets.removeFirst().resetOnClose()
            loop.wait("closed") { view in
                view.events.contains { if case .closed(1, _) = $0 { true } else { false } }
            }
            // The others still stand.
            loop.ask { test in
                test.sendNow(2, [4])
                test.sendNow(3, [5])
            }
            #expect(sockets[0].receive(1) == [4])
            #expect(sockets[1].receive(1) == [5])
            loop.ask { test in test.loop.close(test.ids[2]!, flush: false) }
            sockets.removeFirst()
            sockets.removeFirst().resetOnClose()
            loop.wait("closed") { view in
                view.events.contains { if case .closed(3, _) = $0 { true } else { false } }
            }
            loop.stop()
            #expect(loop.view.events.filter { if case .closed = $0 { true } else { false } }.count == 2)
        }

        @Test("a refused connection is told later, never from within connect", arguments: LoopMethods.available)
        func refused(method: IOMethod) throws {
            let loop = try TestLoop(method)
            // Bound, so that nobody else takes the port; not listening, so that it refuses.
            let closed = try ListeningSocket.make(family: AF_INET, nonblocking: false)
            var address = SocketAddress(host: "127.0.0.1", port: 0)!
            _ = address.withSockaddr { bind(closed.number, $0, $1) }
            _ = address.fill { getsockname(closed.number, $0, $1) }
            let target = address
            loop.start()
            loop.ask { test in
                test.connect(to: target, token: 50)
                test.connect(to: SocketAddress(unixPath: "/nowhere/at/all")!, token: 51)
                #expect(test.view.events.isEmpty)
            }
            loop.wait(for: .connectFailed(50, ECONNREFUSED))
            loop.wait(for: .connectFailed(51, ENOENT))
            loop.stop()
            withExtendedLifetime(closed) {}
        }

        @Test("an outgoing connection carries what was queued before it stood", arguments: LoopMethods.available)
        func connects(method: IOMethod) throws {
            let server = try TestLoop.echo(method)
            let port = try server.listen()
            let path = "/tmp/howdah-eventio-connect-\(getpid())-\(method.rawValue).sock"
            try server.loop.listen(on: .unix(path: path, mode: 0o700), backlog: 8, tag: 7)
            server.start()
            let client = try TestLoop(method)
            client.start()
            let bytes = TestBytes.pattern(150_000)
            client.ask { test in
                test.connect(to: SocketAddress(host: "127.0.0.1", port: port)!, token: 60)
                test.sendNow(60, bytes)
                test.connect(to: SocketAddress(unixPath: path)!, token: 61)
                test.sendNow(61, bytes)
            }
            client.wait(for: .connected(60))
            client.wait(for: .connected(61))
            client.wait("echoes") { $0.received[60] == bytes.count && $0.received[61] == bytes.count }
            #expect(client.ask { $0.loop.peerAddress($0.ids[60]!) }?.port == port)
            #expect(client.ask { $0.loop.localAddress($0.ids[60]!) }?.host == "127.0.0.1")
            client.stop()
            server.wait(for: .closed(1, 0))
            server.wait(for: .closed(2, 0))
            server.stop()
        }

        @Test("closing while connecting tells nothing", arguments: LoopMethods.available)
        func closeWhileConnecting(method: IOMethod) throws {
            let server = try TestLoop(method)
            let port = try server.listen()
            server.start()
            let client = try TestLoop(method)
            client.start()
            client.ask { test in
                for token in 1...50 {
                    test.connect(to: SocketAddress(host: "127.0.0.1", port: port)!, token: UInt64(token))
                    test.sendNow(UInt64(token), [1, 2, 3])
                    test.loop.close(test.ids[UInt64(token)]!, flush: token % 2 == 0)
                }
            }
            while client.ask({ $0.loop.connectionCount }) > 0 {}
            #expect(client.view.events.isEmpty)
            client.stop()
            server.stop()
        }

        @Test("a dead id reaches nobody when its slot has a new tenant", arguments: LoopMethods.available)
        func generations(method: IOMethod) throws {
            let loop = try TestLoop.echo(method)
            let port = try loop.listen()
            loop.start()
            let first = try TestSocket(port: port)
            loop.wait(for: .accepted(1))
            let old = loop.ask { test in
                let id = test.ids[1]!
                test.loop.close(id, flush: false)
                return id
            }
            #expect(first.receiveToEnd().bytes.isEmpty)
            while loop.ask({ $0.loop.connectionCount }) > 0 {}
            let second = try TestSocket(port: port)
            loop.wait(for: .accepted(2))
            let new = loop.ask { $0.ids[2]! }
            #expect(new.handle.index == old.handle.index)
            #expect(new != old)
            loop.ask { test in
                var queue = ByteQueue()
                queue.append([6, 6, 6], from: test.pool)
                test.loop.send(old, &queue)
                test.loop.pauseReceiving(old)
                test.loop.close(old, flush: false)
                #expect(test.loop.unsentBytes(old) == 0)
                #expect(test.loop.peerAddress(old) == nil)
            }
            second.send([5])
            #expect(second.receive(1) == [5])
            loop.stop()
        }

        @Test(
            "an event that waits in the same batch for a connection that its owner has just closed is dropped",
            arguments: LoopMethods.available
        )
        func staleEvents(method: IOMethod) throws {
            let loop = try TestLoop(method)
            nonisolated(unsafe) var told: [UInt64] = []
            loop.onReceived = { test, token, _ in
                told.append(token)
                // Whoever is told first ends all the others.
                for (other, id) in test.ids where other != token { test.loop.close(id, flush: false) }
            }
            let port = try loop.listen()
            loop.start()
            let sockets = try (0..<20).map { _ in try TestSocket(port: port) }
            loop.wait("all accepted") { $0.events.count == 20 }
            loop.ask { _ in for socket in sockets { socket.send([1]) } }
            loop.wait("one is told") { !$0.received.isEmpty }
            for _ in 0..<3 { loop.ask { _ in } }
            #expect(loop.ask { _ in told.count } == 1)
            loop.stop()
        }

        @Test(
            "a connection may be handed from a loop of one kind to one of the other",
            arguments: LoopMethods.available
        )
        func handOver(method: IOMethod) throws {
            for other in LoopMethods.available {
                var ends: [Int32] = [-1, -1]
                #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
                let near = TestSocket(Descriptor(ends[0]))
                if other == .epoll { _ = fcntl(ends[1], F_SETFL, O_NONBLOCK) }
                let loop = try TestLoop.echo(method)
                // Before it runs: the loop takes it up when it does.
                loop.ids[1] = loop.loop.add(Descriptor(ends[1]), token: 1)
                loop.start()
                near.send([1, 2, 3])
                #expect(near.receive(3) == [1, 2, 3])
                loop.stop()
                #expect(near.receiveToEnd().bytes.isEmpty)
            }
        }
    }
}
