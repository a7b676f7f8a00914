import Bytes
import PostgresWire

/// Which batches of the extended protocol the proxy can answer as a server would.
extension Engine {
    /// Whether a server would accept every message of the batch, and each portal that is bound in it is executed there,
    /// once. What is wrong with any other is for a server to say, and what a later batch will execute must be on one.
    func isPlain(_ client: ClientPointer, _ plan: BatchPlan, _ input: RawSpan, _ start: Int) -> Bool {
        var described = 0
        // Where the name lies that the last Parse gave.
        var parsed: Range<Int>?
        var isBound = false
        var offset = start
        while let header = Frame.whole(ofClient: input, at: offset, before: start + plan.size) {
            let bodyStart = offset + MessageHeader.byteCount
            let body = input.extracting(bodyStart..<offset + header.size)
            offset += header.size
            switch header.tag {
            case FrontendTag.parse:
                guard let message = ParseMessage(body) else { return false }
                let name = body.extracting(message.name)
                let isTaken = !message.name.isEmpty && (statement(named: name, of: client) != nil || parsed != nil)
                guard !isTaken else { return false }
                parsed = bodyStart + message.name.lowerBound..<bodyStart + message.name.upperBound
            case FrontendTag.bind:
                guard let message = BindMessage(body), message.portal.isEmpty,
                    body.bindsNothing(from: message.statement.upperBound + 1),
                    isKnown(body.extracting(message.statement), client, input, parsed)
                else { return false }
                isBound = true
            case FrontendTag.describe:
                // Each gets an answer that is longer than itself, and all are given at once.
                described += 1
                guard described <= 16, let target = TargetMessage(body) else { return false }
                switch target.kind {
                case .statement:
                    guard isKnown(body.extracting(target.name), client, input, parsed) else { return false }
                case .portal: guard isBound, target.name.isEmpty else { return false }
                }
            case FrontendTag.execute:
                guard isBound, body.byteCount == 5, body.byte(at: 0) == 0 else { return false }
                isBound = false
            case FrontendTag.close:
                // A name that is closed and used again in one batch is rare enough for a server.
                guard TargetMessage(body) != nil, !isBound, isAtEnd(input, offset, start + plan.size) else {
                    return false
                }
            default:
                guard body.byteCount == 0 else { return false }
            }
        }
        return !isBound
    }

    private func isKnown(_ name: RawSpan, _ client: ClientPointer, _ input: RawSpan, _ parsed: Range<Int>?) -> Bool {
        if let parsed, input.extracting(parsed).isEqual(to: name) { return true }
        return statement(named: name, of: client) != nil
    }

    /// Whether nothing but Close, Flush and Sync follows.
    private func isAtEnd(_ input: RawSpan, _ start: Int, _ end: Int) -> Bool {
        var offset = start
        while let header = Frame.whole(ofClient: input, at: offset, before: end) {
            switch header.tag {
            case FrontendTag.close, FrontendTag.flush, FrontendTag.sync: offset += header.size
            default: return false
            }
        }
        return true
    }
}

extension RawSpan {
    /// Whether what follows the names in a Bind brings no values (PostgreSQL documentation, 55.7, Bind).
    fileprivate func bindsNothing(from offset: Int) -> Bool {
        guard byteCount >= offset + 2 else { return false }
        let formats = Int(uint16(at: offset))
        let values = offset + 2 + 2 * formats
        return formats <= 1 && byteCount >= values + 2 && uint16(at: values) == 0
    }
}
