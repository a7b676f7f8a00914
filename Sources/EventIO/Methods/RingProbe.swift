import CLinux
import Glibc

/// Finds out by doing whether io_uring can be had: containers forbid it, and kernels lack what the loop needs.
enum RingProbe {
    enum Outcome {
        case available(RingSetup)
        case unavailable(SystemError)
    }

    /// Microseconds that the trial receive may take.
    private static var patience: UInt64 { 1_000_000 }

    static func outcome() -> Outcome {
        var failure = SystemError("set up io_uring", code: ENOSYS)
        for setup in RingSetup.all {
            do throws(SystemError) {
                try receiveOneByte(setup)
                return .available(setup)
            } catch {
                failure = error
                // Other flags do not help where io_uring is forbidden or missing.
                if error.code == EPERM || error.code == ENOSYS || error.code == EACCES { break }
            }
        }
        return .unavailable(failure)
    }

    /// A multishot receive into a provided buffer is the newest thing that the loop needs: where it works, all works.
    private static func receiveOneByte(_ setup: RingSetup) throws(SystemError) {
        let ring = try Ring(setup: setup, entries: 8, bufferCount: 2, bufferSize: 64)
        let enabled = ring.enable()
        guard enabled == 0 else { throw SystemError("enable io_uring", code: -enabled) }
        var ends: (Int32, Int32) = (-1, -1)
        let status = withUnsafeMutableBytes(of: &ends) {
            socketpair(
                AF_UNIX,
                Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue),
                0,
                $0.assumingMemoryBound(to: Int32.self).baseAddress
            )
        }
        guard status == 0 else { throw SystemError("make a socket pair", code: errno) }
        let near = Descriptor(ends.0)
        let far = Descriptor(ends.1)
        clinux_prepare_receive(ring.entry(), near.number, 1)
        ring.enter(timeout: 0)
        var byte: UInt8 = 1
        _ = clinux_send(far.number, &byte, 1)
        ring.enter(timeout: patience)
        let head = clinux_ring_head(ring.ring)
        guard clinux_ring_tail(ring.ring) != head else { throw SystemError("receive by io_uring", code: ETIMEDOUT) }
        let completion = clinux_ring_completion(ring.ring, head).unsafelyUnwrapped.pointee
        guard completion.res == 1, completion.flags & clinux_completion_more() != 0,
            completion.flags & clinux_completion_has_buffer() != 0
        else { throw SystemError("receive by io_uring", code: completion.res < 0 ? -completion.res : EINVAL) }
        // The receive must have ended before its buffers go.
        clinux_ring_advance(ring.ring, 1)
        clinux_prepare_cancel(ring.entry(), 1, 2)
        ring.enter(timeout: patience)
    }
}
