import Glibc

/// Texts and their classes: a four-way set-associative cache, bounded in bytes, that owns copies of the texts.
///
/// A hit compares the whole text and the whole context, so the hash may be of any quality. Looking up allocates
/// nothing.
final class StatementCache {
    private static let ways = 4
    private static let bytesPerSlot =
        MemoryLayout<Slot>.stride + MemoryLayout<UInt64>.stride + MemoryLayout<UInt32>.stride

    /// What is kept of a text.
    struct Known {
        let statementClass: StatementClass
        /// See `StatementClassifier.fingerprint`.
        let fingerprint: UInt64
    }

    private struct Slot {
        var context = ClassificationContext.Identity(facts: 0, searchPath: 0, flags: 0)
        var text: UnsafeMutablePointer<UInt8>?
        var length = 0
        var lastUse: UInt32 = 0
        var value = Known(statementClass: .empty, fingerprint: 0)
    }

    private let slots: UnsafeMutablePointer<Slot>
    /// The slots' hashes, apart from them so that a bucket's are in one cache line.
    private let hashes: UnsafeMutablePointer<UInt64>
    private let sights: UnsafeMutablePointer<UInt32>
    private let slotCount: Int
    private let maximumTextBytes: Int
    private var clock: UInt32 = 0
    private var hand = 0
    private(set) var textBytes = 0

    /// Bytes in use, the table included.
    var bytes: Int { textBytes + slotCount * Self.bytesPerSlot }

    /// - Parameter maximumBytes: for the table and the texts together; at least 4 KiB are taken.
    init(maximumBytes: Int) {
        let budget = max(maximumBytes, 4096)
        // A quarter to half of the bytes goes to the table, the rest to texts.
        var count = Self.ways
        while count * 2 * Self.bytesPerSlot <= budget / 2 { count *= 2 }
        slotCount = count
        maximumTextBytes = budget - count * Self.bytesPerSlot
        slots = .allocate(capacity: count)
        slots.initialize(repeating: Slot(), count: count)
        hashes = .allocate(capacity: count)
        hashes.initialize(repeating: 0, count: count)
        sights = .allocate(capacity: count)
        sights.initialize(repeating: 0, count: count)
    }

    deinit {
        removeAll()
        slots.deallocate()
        hashes.deallocate()
        sights.deallocate()
    }

    @inline(__always)
    private func bucket(_ hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash) & (slotCount / Self.ways - 1) * Self.ways
    }

    @inline(__always)
    func find(
        _ hash: UInt64,
        _ text: UnsafePointer<UInt8>,
        _ length: Int,
        _ context: ClassificationContext.Identity
    ) -> Known? {
        let first = bucket(hash)
        for index in first..<first + Self.ways where hashes[index] == hash {
            guard let stored = slots[index].text, slots[index].length == length, slots[index].context == context,
                memcmp(stored, text, length) == 0
            else { continue }
            clock &+= 1
            slots[index].lastUse = clock
            return slots[index].value
        }
        return nil
    }

    /// Whether a text of this hash was asked about before, as far as that is remembered; notes that it was.
    ///
    /// Texts with fresh literals are seen once and never again: what is kept at the second sight only is not driven
    /// out by them.
    @inline(__always)
    func isSecondSight(_ hash: UInt64) -> Bool {
        let index = Int(truncatingIfNeeded: hash) & (slotCount - 1)
        let tag = UInt32(truncatingIfNeeded: hash >> 32)
        if sights[index] == tag { return true }
        sights[index] = tag
        return false
    }

    /// Keeps a copy of the text, in place of an equal one if there is one. A text of more than a quarter of the bytes
    /// is not kept.
    func insert(
        _ hash: UInt64,
        _ text: UnsafePointer<UInt8>,
        _ length: Int,
        _ context: ClassificationContext.Identity,
        _ value: Known
    ) {
        guard length <= maximumTextBytes / 4 else { return }
        let victim = place(hash, text, length, context)
        if slots[victim].text == nil || slots[victim].length != length {
            free(victim)
            while textBytes + length > maximumTextBytes {
                free(hand)
                hand = (hand + 1) & (slotCount - 1)
            }
            slots[victim].text = .allocate(capacity: max(length, 1))
            textBytes += length
        }
        slots[victim].text!.update(from: text, count: length)
        clock &+= 1
        hashes[victim] = hash
        slots[victim].context = context
        slots[victim].length = length
        slots[victim].lastUse = clock
        slots[victim].value = value
    }

    /// The slot of an equal text, else a free one, else the one of the bucket that was used least recently.
    private func place(
        _ hash: UInt64,
        _ text: UnsafePointer<UInt8>,
        _ length: Int,
        _ context: ClassificationContext.Identity
    ) -> Int {
        let first = bucket(hash)
        var oldest = first
        for index in first..<first + Self.ways {
            guard let stored = slots[index].text else {
                if slots[oldest].text != nil { oldest = index }
                continue
            }
            if hashes[index] == hash, slots[index].length == length, slots[index].context == context,
                memcmp(stored, text, length) == 0
            {
                return index
            }
            // The clock wraps round: ages, not times, are compared.
            if slots[oldest].text != nil, clock &- slots[index].lastUse > clock &- slots[oldest].lastUse {
                oldest = index
            }
        }
        return oldest
    }

    private func free(_ index: Int) {
        guard let text = slots[index].text else { return }
        text.deallocate()
        textBytes -= slots[index].length
        slots[index] = Slot()
    }

    func removeAll() {
        for index in 0..<slotCount { free(index) }
    }
}
