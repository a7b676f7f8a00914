import CLinux
import Glibc

/// Listening sockets.
extension EventLoop {
    /// Listens on every address that `address` means, and tells the owner of each connection with `tag`.
    ///
    /// - Returns: the addresses, with the port chosen where 0 was asked for (the same for all).
    /// - Throws: where not one could be had, or one of them is in use.
    @discardableResult
    package final func listen(
        on address: ListenAddress,
        backlog: Int32,
        tag: Int
    ) throws(ListenFailure) -> [SocketAddress] {
        var mode: UInt32?
        if case .unix(_, let asked) = address { mode = asked }
        var opened: [Listener] = []
        var port: UInt16 = 0
        var failure: ListenFailure?
        for var place in try address.resolved() {
            if place.port == 0, port != 0 { place = SocketAddress(host: place.host, port: port) ?? place }
            do throws(SystemError) {
                let socket = try ListeningSocket(
                    place,
                    backlog: backlog,
                    mode: mode,
                    nonblocking: usesNonblockingSockets
                )
                port = socket.bound.port
                nextListener += 1
                opened.append(Listener(number: nextListener, tag: tag, socket: socket))
            } catch {
                let isMissing = [EAFNOSUPPORT, EADDRNOTAVAIL].contains(error.code)
                // A machine without IPv6 still listens on "*" and "localhost".
                failure = failure ?? ListenFailure(error, at: place)
                if !isMissing { throw ListenFailure(error, at: place) }
            }
        }
        guard !opened.isEmpty else {
            throw failure
                ?? ListenFailure(message: "could not listen: no address", hint: "Set listen_addresses.")
        }
        for listener in opened {
            listeners[listener.number] = listener
            arm(listener)
        }
        return opened.map(\.address)
    }

    /// Closes the listening sockets of `tag`; a Unix-domain socket's file goes too.
    package final func stopListening(tag: Int) {
        for listener in listeners.values where listener.tag == tag && listener.state != .closing {
            stop(listener)
        }
    }

    final func stop(_ listener: Listener) {
        if listener.address.isUnix { unlink(listener.address.host) }
        if case .resting = listener.state {
            restingListeners -= 1
            listeners[listener.number] = nil
        } else if disarm(listener) {
            listeners[listener.number] = nil
        } else {
            listener.state = .closing
        }
    }

    final func acceptedOne(
        _ descriptor: consuming Descriptor,
        by listener: Listener,
        peer: SocketAddress,
        _ handler: any EventHandler
    ) {
        counters.accepted += 1
        handler.accepted(descriptor, listener: listener.tag, peer: peer)
    }

    /// What to do after accepting failed: whether it may go on at once.
    final func acceptFailed(_ listener: Listener, error: Int32, _ handler: any EventHandler) -> Bool {
        switch error {
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
            // The connection stays in the backlog and would be reported again at once, for ever.
            counters.acceptPauses += 1
            listener.state = .resting(until: now + Self.acceptPause)
            restingListeners += 1
            handler.acceptFailed(listener: listener.tag, error: error)
            return false
        default:
            // The peer gave up before it was accepted, or a network error of its own: the next one may be well.
            return true
        }
    }

    final func wakeListeners() {
        guard restingListeners > 0 else { return }
        for listener in listeners.values {
            guard case .resting(let end) = listener.state, end <= now else { continue }
            listener.state = .accepting
            restingListeners -= 1
            arm(listener)
        }
    }
}
