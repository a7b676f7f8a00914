/// The hosts that clients have connected from, each once: most clients come from a few, and a session keeps its number
/// instead of its address.
struct ClientHosts {
    private struct Entry {
        let host: ClientAddress
        var clients: Int
    }

    private var entries: [Entry?] = []
    private var free: [UInt32] = []
    private var numbers: [ClientAddress: UInt32] = [:]

    /// By the hosts' numbers, how many there are.
    var clients: [UInt32: Int] {
        Dictionary(uniqueKeysWithValues: numbers.values.map { ($0, entries[Int($0)]?.clients ?? 0) })
    }

    /// One more client has connected from there.
    /// - Returns: the host's number, until `left()` has been called for the last client with it.
    mutating func connected(from address: ClientAddress) -> UInt32 {
        let host = address.with(port: 0)
        if let number = numbers[host] {
            entries[Int(number)]?.clients += 1
            return number
        }
        let number = free.popLast() ?? UInt32(entries.count)
        if Int(number) == entries.count { entries.append(nil) }
        entries[Int(number)] = Entry(host: host, clients: 1)
        numbers[host] = number
        return number
    }

    mutating func left(_ number: UInt32) {
        entries[Int(number)]?.clients -= 1
        guard let entry = entries[Int(number)], entry.clients == 0 else { return }
        entries[Int(number)] = nil
        numbers[entry.host] = nil
        free.append(number)
    }

    func address(_ number: UInt32, port: UInt16) -> ClientAddress {
        entries[Int(number)]?.host.with(port: port) ?? .unix
    }
}
