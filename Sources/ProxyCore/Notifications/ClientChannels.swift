import Bytes
import PostgresWire

/// What one client listens to, and the notifications that it has not been sent yet.
final class ClientChannels {
    /// Through which it listens.
    let listening: ListeningServer
    /// Channels whose notifications it gets.
    private(set) var confirmed: Set<Channel> = []
    /// Channels of which the listening server has not confirmed yet that it listens to them.
    private(set) var unconfirmed: Set<Channel> = []
    /// Messages that wait for the end of its transaction, or for it to read what it was sent.
    private(set) var queue: [UInt8] = []

    init(_ listening: ListeningServer) { self.listening = listening }

    var isEmpty: Bool { confirmed.isEmpty && unconfirmed.isEmpty }

    var count: Int { confirmed.count + unconfirmed.count }

    /// What a channel's name and its places in tables take, in bytes, about.
    private static let bytesPerChannel = 128

    /// Bytes that count against `notification_queue`.
    var size: Int { queue.count + count * Self.bytesPerChannel }

    func contains(_ channel: Channel) -> Bool { confirmed.contains(channel) || unconfirmed.contains(channel) }

    /// - Returns: false where it listens already.
    func add(_ channel: Channel) -> Bool {
        confirmed.contains(channel) ? false : unconfirmed.insert(channel).inserted
    }

    /// The channel's notifications that wait are not for it any more.
    func remove(_ channel: Channel) {
        confirmed.remove(channel)
        unconfirmed.remove(channel)
        forgetUnwanted()
    }

    func confirm() {
        confirmed.formUnion(unconfirmed)
        unconfirmed.removeAll()
    }

    func append(_ message: [UInt8]) { queue += message }

    func takeQueue() -> [UInt8] {
        defer { queue = [] }
        return queue
    }

    private func forgetUnwanted() {
        if queue.isEmpty { return }
        var kept: [UInt8] = []
        let messages = queue
        let bytes = messages.span.bytes
        var offset = 0
        while case .message(let header) = Frame(ofServer: bytes, at: offset),
            offset + header.size <= bytes.byteCount
        {
            let body = bytes.extracting(offset + MessageHeader.byteCount..<offset + header.size)
            let message = header.tag == BackendTag.notificationResponse ? NotificationMessage(body) : nil
            if message.map({ confirmed.contains($0.channel) }) ?? true {
                kept += bytes.array(offset..<offset + header.size)
            }
            offset += header.size
        }
        queue = kept
    }
}
