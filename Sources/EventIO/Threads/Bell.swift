import CLinux
import Glibc
import Synchronization

/// Wakes a loop from other threads.
package final class Bell: Sendable {
    private let eventDescriptor: Descriptor
    private let stopping = Atomic(false)

    init() throws(SystemError) {
        // Blocking, because io_uring would not wait for a non-blocking one; a write could block at 2^64 - 2 rings only.
        let number = eventfd(0, Int32(EFD_CLOEXEC))
        guard number >= 0 else { throw SystemError("make an eventfd", code: errno) }
        eventDescriptor = Descriptor(number)
    }

    var descriptor: Int32 { eventDescriptor.number }

    var isStopping: Bool { stopping.load(ordering: .acquiring) }

    /// Makes the loop call `mailArrived` soon. From any thread.
    package func ring() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Makes the loop's `run` return soon. From any thread.
    package func stop() {
        stopping.store(true, ordering: .releasing)
        ring()
    }
}
