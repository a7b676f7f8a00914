/// A first-in, first-out queue of plain records in one growing ring: no allocation once it is large enough.
@usableFromInline
package struct RingQueue<Element: BitwiseCopyable>: ~Copyable {
    @usableFromInline var storage: UnsafeMutablePointer<Element>?
    @usableFromInline var mask: Int = -1
    @usableFromInline var head = 0
    @usableFromInline var storedCount = 0
    @inlinable package var count: Int { storedCount }

    @inlinable
    package init() {}

    deinit { storage?.deallocate() }

    @inline(__always)
    @inlinable
    package var isEmpty: Bool { count == 0 }

    @inline(__always)
    @inlinable
    package var first: Element? {
        count == 0 ? nil : storage.unsafelyUnwrapped[head]
    }

    /// The element `offset` places behind the head; `offset` must be below `count`.
    @inlinable
    package subscript(offset: Int) -> Element {
        @inline(__always) get {
            precondition(offset >= 0 && offset < count)
            return storage.unsafelyUnwrapped[(head &+ offset) & mask]
        }
        @inline(__always) set {
            precondition(offset >= 0 && offset < count)
            storage.unsafelyUnwrapped[(head &+ offset) & mask] = newValue
        }
    }

    @inline(__always)
    @inlinable
    package mutating func append(_ element: Element) {
        if count == mask &+ 1 { grow() }
        (storage.unsafelyUnwrapped + ((head &+ count) & mask)).initialize(to: element)
        storedCount &+= 1
    }

    /// Where the element appended last lies; the queue must not be empty. Valid until the queue is changed.
    @inline(__always)
    @inlinable
    package var lastPlace: UnsafeMutablePointer<Element> {
        storage.unsafelyUnwrapped + ((head &+ count &- 1) & mask)
    }

    /// Takes the head; the queue must not be empty.
    @inline(__always)
    @discardableResult
    @inlinable
    package mutating func removeFirst() -> Element {
        precondition(count > 0)
        let element = storage.unsafelyUnwrapped[head]
        head = (head &+ 1) & mask
        storedCount &-= 1
        return element
    }

    /// The element that `removeFirst()` took last; it must have been called, and nothing appended since.
    @inline(__always)
    @inlinable
    package var lastTaken: Element { storage.unsafelyUnwrapped[(head &- 1) & mask] }

    @discardableResult
    @inlinable
    package mutating func removeLast() -> Element {
        precondition(count > 0)
        storedCount &-= 1
        return storage.unsafelyUnwrapped[(head &+ count) & mask]
    }

    @inlinable
    package mutating func removeAll() {
        head = 0
        storedCount = 0
    }

    @inlinable
    mutating func grow() {
        let capacity = mask &+ 1
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: max(8, capacity * 2))
        for offset in 0..<count {
            (larger + offset).initialize(to: storage.unsafelyUnwrapped[(head &+ offset) & mask])
        }
        storage?.deallocate()
        storage = larger
        mask = max(8, capacity * 2) - 1
        head = 0
    }
}
