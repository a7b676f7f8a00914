/// Elements of which the least is at hand: adding one and taking the least cost as much as the logarithm of their
/// number.
@usableFromInline
package struct BinaryHeap<Element> {
    @usableFromInline var elements: [Element] = []
    @usableFromInline let isBefore: (Element, Element) -> Bool

    @inlinable
    package init(isBefore: @escaping (Element, Element) -> Bool) { self.isBefore = isBefore }

    @inlinable package var count: Int { elements.count }
    @inlinable package var isEmpty: Bool { elements.isEmpty }
    @inlinable package var first: Element? { elements.first }

    @inlinable
    package mutating func insert(_ element: Element) {
        elements.append(element)
        var place = elements.count - 1
        while place > 0, isBefore(elements[place], elements[(place - 1) / 2]) {
            elements.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    /// Takes the least; nil where there is none.
    @inlinable
    package mutating func popFirst() -> Element? {
        guard let first = elements.first else { return nil }
        let last = elements.removeLast()
        if elements.isEmpty { return first }
        elements[0] = last
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < elements.count {
                if isBefore(elements[child], elements[least]) { least = child }
            }
            if least == place { return first }
            elements.swapAt(place, least)
            place = least
        }
    }
}
