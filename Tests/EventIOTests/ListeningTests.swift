import Glibc
import Testing

@testable import EventIO

extension EventIOSuite {
    @Suite("Listening")
    struct ListeningTests {
        @Test("a port in use is refused with what mends it", arguments: LoopMethods.available)
        func inUse(method: IOMethod) throws {
            let first = try TestLoop(method)
            let port = try first.listen()
            let second = try TestLoop(method)
            let failure = #expect(throws: ListenFailure.self) {
                try second.loop.listen(on: .tcp(host: "127.0.0.1", port: port), backlog: 8, tag: 1)
            }
            #expect(failure?.message == "could not bind to 127.0.0.1:\(port): Address already in use")
            #expect(failure?.hint.contains("listen_port") == true)
        }

        @Test("every interface of both families, on one port", arguments: LoopMethods.available)
        func everyInterface(method: IOMethod) throws {
            let loop = try TestLoop.echo(method)
            let bound = try loop.loop.listen(on: .tcp(host: "*", port: 0), backlog: 8, tag: 7)
            #expect(Set(bound.map(\.port)).count == 1)
            loop.start()
            for address in bound {
                let socket = try TestSocket(
                    address: SocketAddress(host: address.isIPv6 ? "::1" : "127.0.0.1", port: address.port)!
                )
                socket.send([1])
                #expect(socket.receive(1) == [1])
            }
            loop.stop()
        }

        @Test("a stopped listener refuses, and its connections go on", arguments: LoopMethods.available)
        func stop(method: IOMethod) throws {
            let loop = try TestLoop.echo(method)
            let port = try loop.listen()
            loop.start()
            let socket = try TestSocket(port: port)
            loop.wait(for: .accepted(1))
            loop.ask { $0.loop.stopListening(tag: 7) }
            while loop.ask({ !$0.loop.listeners.isEmpty }) {}
            let error = #expect(throws: SystemError.self) { try TestSocket(port: port) }
            #expect(error?.code == ECONNREFUSED)
            socket.send([4])
            #expect(socket.receive(1) == [4])
            loop.stop()
        }

        @Test("a socket's file that nobody serves is replaced, a served one is not", arguments: LoopMethods.available)
        func staleFile(method: IOMethod) throws {
            let path = "/tmp/howdah-eventio-stale-\(getpid())-\(method.rawValue).sock"
            let address = SocketAddress(unixPath: path)!
            do {
                let left = try ListeningSocket.make(family: AF_UNIX, nonblocking: false)
                #expect(address.withSockaddr { bind(left.number, $0, $1) } == 0)
            }
            let loop = try TestLoop(method)
            try loop.loop.listen(on: .unix(path: path, mode: 0o600), backlog: 8, tag: 7)
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
            let other = try TestLoop(method)
            #expect(throws: ListenFailure.self) {
                try other.loop.listen(on: .unix(path: path, mode: 0o600), backlog: 8, tag: 7)
            }
            loop.start()
            loop.stop()
            #expect(access(path, F_OK) != 0)
        }

        @Test("errors name what mends them")
        func errors() throws {
            let loop = try TestLoop(.epoll)
            let unknown = #expect(throws: ListenFailure.self) {
                try loop.loop.listen(on: .tcp(host: "192.0.2.1", port: 0), backlog: 8, tag: 1)
            }
            #expect(unknown?.hint.contains("listen_addresses") == true)
            let long = String(repeating: "x", count: 120)
            let path = #expect(throws: ListenFailure.self) {
                try loop.loop.listen(on: .unix(path: "/tmp/\(long)", mode: 0o700), backlog: 8, tag: 1)
            }
            #expect(path?.hint.contains("unix_socket_directory") == true)
            let directory = #expect(throws: ListenFailure.self) {
                try loop.loop.listen(on: .unix(path: "/nowhere/at/all", mode: 0o700), backlog: 8, tag: 1)
            }
            #expect(directory?.hint.contains("unix_socket_directory") == true)
        }

        @Test("a process without descriptors rests its listener instead of spinning, and goes on")
        func descriptorsRunOut() async {
            // In a process of its own: the limit would hit every other test too.
            await #expect(processExitsWith: .success) {
                for method in LoopMethods.available { try Self.runOut(method) }
            }
        }

        private static func runOut(_ method: IOMethod) throws {
            var limit = rlimit(rlim_cur: 200, rlim_max: 200)
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = 200
            try #require(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
            let loop = try TestLoop.echo(method)
            let port = try loop.listen()
            loop.start()
            let first = try TestSocket(port: port)
            loop.wait(for: .accepted(1))
            // Another thread may give descriptors back behind the filling (the loop of the method before closes its own
            // on its thread, after it has said that it ended): as many clients as find one of those, and one more.
            let waiting = try (0..<8).map { _ in
                TestSocket(try ListeningSocket.make(family: AF_INET, nonblocking: false))
            }
            var fill: [Int32] = []
            while true {
                let next = dup(0)
                if next < 0 { break }
                fill.append(next)
            }
            let address = try #require(SocketAddress(host: "127.0.0.1", port: port))
            var connected = 0
            var isFull = false
            while !isFull, connected < waiting.count {
                try #require(waiting[connected].connect(to: address))
                connected += 1
                let answer = UInt64(1 + connected)
                loop.wait("an answer to client \(connected)") {
                    $0.events.contains(.accepted(answer)) || $0.events.contains(.acceptFailed(EMFILE))
                }
                isFull = loop.view.events.contains(.acceptFailed(EMFILE))
            }
            try #require(isFull)
            let turns = loop.ask { $0.loop.counters.turns }
            first.send([1])
            try #require(first.receive(1) == [1])
            try #require(loop.ask { $0.loop.counters.turns } < turns + 20)
            for descriptor in fill { close(descriptor) }
            let last = waiting[connected - 1]
            loop.wait(for: .accepted(UInt64(1 + connected)))
            last.send([2])
            try #require(last.receive(1) == [2])
            try #require(loop.ask { $0.loop.counters.acceptPauses } >= 1)
            loop.stop()
        }
    }
}
