import Foundation

/// A reply as it is compared: message by message, apart from what may differ.
///
/// - OIDs of tables that the script itself makes;
/// - the process id in NotificationResponse;
/// - the order of ParameterStatus messages that come together;
/// - the place in the server's sources that found the transaction failed: it may be a Parse that the proxy has put in
///   front of a Describe or Bind;
/// - file and line of "cached plan must not change result type", which the proxy says, too, by the routine's name.
struct ParityView {
    private(set) var lines: [String] = []

    /// What OIDs of a database's own objects begin with.
    private static let firstOwnOID = 16_384

    init(_ reply: WireReply) {
        var parameters: [String] = []
        for message in reply.messages {
            if message.is("S") {
                parameters.append(message.description)
                continue
            }
            lines += parameters.sorted()
            parameters = []
            lines.append(Self.line(message))
        }
        lines += parameters.sorted()
    }

    private static func line(_ message: WireMessage) -> String {
        switch Character(UnicodeScalar(message.tag)) {
        case "T": "T" + text(withoutTables(message.body))
        case "A": "A" + text(Array(message.body.dropFirst(4)))
        case "D" where message.body.count > 2000:
            "D(\(message.body.count) bytes, sum \(message.body.reduce(0) { $0 &* 31 &+ Int($1) }))"
        case "E" where message.state == "25P02": "E(25P02 \(message.fields["M"] ?? ""))"
        case "E" where message.state == "0A000" && message.fields["R"] == "RevalidateCachedQuery":
            "E(0A000 RevalidateCachedQuery \(message.fields["M"] ?? ""))"
        case "E", "N", "C", "Z": message.description
        case let letter: "\(letter)" + text(message.body)
        }
    }

    private static func text(_ bytes: [UInt8]) -> String {
        bytes.map { (32..<127).contains($0) ? String(UnicodeScalar($0)) : String(format: "\\%02x", $0) }.joined()
    }

    /// A RowDescription with the OIDs of its columns' tables made zero.
    private static func withoutTables(_ body: [UInt8]) -> [UInt8] {
        var body = body
        var offset = 2
        while let end = body[offset...].firstIndex(of: 0), end + 19 <= body.count {
            let table = end + 1
            let number = body[table..<table + 4].reduce(0) { $0 << 8 | Int($1) }
            if number >= firstOwnOID { for index in table..<table + 4 { body[index] = 0 } }
            offset = end + 19
            if offset >= body.count { break }
        }
        return body
    }
}
