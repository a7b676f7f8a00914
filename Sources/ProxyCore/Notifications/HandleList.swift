import Bytes

/// Handles, each once, of which any can be taken out at no more cost than another: the last takes its place.
struct HandleList: Sequence {
    private var handles: [Handle] = []
    private var places: [Handle: Int] = [:]

    init() {}

    var isEmpty: Bool { handles.isEmpty }
    var first: Handle? { handles.first }

    func makeIterator() -> IndexingIterator<[Handle]> { handles.makeIterator() }

    mutating func append(_ handle: Handle) {
        if places[handle] != nil { return }
        places[handle] = handles.count
        handles.append(handle)
    }

    mutating func remove(_ handle: Handle) {
        guard let place = places.removeValue(forKey: handle), let last = handles.popLast(), last != handle else {
            return
        }
        handles[place] = last
        places[last] = place
    }
}
