/// What a NotificationResponse says ("PostgreSQL documentation, 55.7").
struct WireNotification: Equatable, CustomStringConvertible {
    let processID: [UInt8]
    let channel: String
    let payload: String

    /// nil for any other message.
    init?(_ message: WireMessage) {
        guard message.is("A"), message.body.count > 5 else { return nil }
        processID = Array(message.body.prefix(4))
        let texts = message.body.dropFirst(4).split(separator: 0, omittingEmptySubsequences: false)
        channel = String(decoding: texts[texts.startIndex], as: UTF8.self)
        payload = String(decoding: texts[texts.startIndex + 1], as: UTF8.self)
    }

    var description: String { "\(channel):\(payload)" }
}

extension WireReply {
    var notifications: [WireNotification] { messages.compactMap { WireNotification($0) } }
}

extension WireClient {
    /// Waits for so many notifications, and for nothing else.
    func notifications(_ count: Int) throws -> [WireNotification] {
        try (0..<count).map { _ in
            let message = try receive()
            guard let notification = WireNotification(message) else { throw WireError.refused(message) }
            return notification
        }
    }
}
