import CLinux
import Glibc

/// One io_uring instance with its ring of receive buffers, made disabled: the thread that calls `enable` is its only
/// user from then on.
final class Ring {
    let ring: UnsafeMutablePointer<io_uring>
    private let bufferRing: UnsafeMutablePointer<io_uring_buf_ring>
    private let buffers: UnsafeMutablePointer<CChar>
    private let bufferCount: UInt32
    private let bufferSize: UInt32
    /// False once the kernel may have kept requests: then the memory that they name must outlive the instance.
    var ownsMemory = true

    /// - Parameters:
    ///   - entries: submission entries, a power of two; there are four times as many for completions.
    ///   - bufferCount: receive buffers, a power of two up to 32768.
    init(setup: RingSetup, entries: UInt32, bufferCount: UInt32, bufferSize: UInt32) throws(SystemError) {
        self.bufferCount = bufferCount
        self.bufferSize = bufferSize
        let ring = UnsafeMutablePointer<io_uring>.allocate(capacity: 1)
        ring.initialize(to: io_uring())
        var parameters = io_uring_params()
        parameters.flags = clinux_ring_base_flags() | setup.flags
        parameters.cq_entries = entries * 4
        let status = io_uring_queue_init_params(entries, ring, &parameters)
        guard status == 0 else {
            ring.deallocate()
            throw SystemError("set up io_uring", code: -status)
        }
        self.ring = ring
        let bytes = Int(bufferCount) * MemoryLayout<io_uring_buf>.stride
        bufferRing = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: Int(getpagesize()))
            .bindMemory(to: io_uring_buf_ring.self, capacity: 1)
        memset(bufferRing, 0, bytes)
        buffers = UnsafeMutableRawPointer.allocate(
            byteCount: Int(bufferCount) * Int(bufferSize),
            alignment: Int(getpagesize())
        ).bindMemory(to: CChar.self, capacity: Int(bufferCount) * Int(bufferSize))
        guard parameters.features & clinux_ring_needed_features() == clinux_ring_needed_features() else {
            throw SystemError("find the io_uring features needed", code: ENOSYS)
        }
        let registered = clinux_buffers_register(ring, bufferRing, bufferCount, buffers, bufferSize)
        guard registered == 0 else { throw SystemError("register io_uring buffers", code: -registered) }
    }

    deinit {
        io_uring_queue_exit(ring)
        guard ownsMemory else { return }
        ring.deallocate()
        UnsafeMutableRawPointer(bufferRing).deallocate()
        UnsafeMutableRawPointer(buffers).deallocate()
    }

    /// Lets requests through; they may come from the calling thread only.
    func enable() -> Int32 {
        let status = clinux_ring_enable(ring)
        // Saves looking the descriptor up on every enter; nothing is lost where the kernel cannot.
        if status == 0 { _ = io_uring_register_ring_fd(ring) }
        return status
    }

    /// A free submission entry. What is queued is submitted first where all are taken.
    @inline(__always)
    func entry() -> UnsafeMutablePointer<io_uring_sqe> {
        if let entry = clinux_ring_entry(ring) { return entry }
        preconditionFailure("io_uring takes no more requests")
    }

    /// Submits what is queued, and waits for one completion or `timeout` microseconds (nil: for ever; 0: not at all).
    @inline(__always)
    func enter(timeout: UInt64?) {
        guard let timeout else {
            _ = clinux_ring_wait(ring)
            return
        }
        if timeout == 0 {
            _ = io_uring_submit_and_get_events(ring)
        } else {
            var time = __kernel_timespec(
                tv_sec: Int64(timeout / 1_000_000),
                tv_nsec: Int64(timeout % 1_000_000) * 1_000
            )
            var first: UnsafeMutablePointer<io_uring_cqe>?
            _ = io_uring_submit_and_wait_timeout(ring, &first, 1, &time, nil)
        }
    }

    @inline(__always)
    func buffer(_ index: UInt32, count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: buffers + Int(index) * Int(bufferSize), count: count)
    }

    /// Gives a receive buffer back to the kernel.
    @inline(__always)
    func give(_ index: UInt32) { clinux_buffers_give(bufferRing, bufferCount, buffers, bufferSize, index) }
}

/// The flags that an io_uring instance is made with: each kernel takes the first of `all` that it knows.
struct RingSetup: Sendable, Equatable {
    let flags: UInt32
    let name: String

    static var all: [RingSetup] {
        [
            RingSetup(flags: clinux_ring_deferred(), name: "single issuer, deferred task work"),
            RingSetup(flags: clinux_ring_single_issuer() | clinux_ring_cooperative(), name: "single issuer"),
            RingSetup(flags: clinux_ring_cooperative(), name: "cooperative task work"),
            RingSetup(flags: 0, name: "no flags"),
        ]
    }
}
