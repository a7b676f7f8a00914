import Bytes
import PostgresWire

/// A client that plays its script over a link and compares what it receives with what PostgreSQL would have said.
package final class SimulatedClient {
    package let script: ClientScript
    let link: Link
    private(set) var nextTurn = 0
    private(set) var received: [WireMessage] = []
    private var incoming: [UInt8] = []
    private var isReady = false
    private(set) var key: (processID: UInt32, secret: [UInt8])?
    private(set) var mismatch: String?
    /// A cancel or a lost server has changed what it is told: from then on replies are not compared one by one.
    private(set) var isDisturbed = false
    private(set) var hasEnded = false
    private(set) var cancelsSent: Set<Int> = []
    private var readies = 0

    init(script: ClientScript, link: Link) {
        self.script = script
        self.link = link
        var builder = MessageBuilder()
        builder.startup(.v3_0, script.parameters)
        link.toEngine += builder.bytes
    }

    /// Whether the client has something to send now.
    var canSend: Bool {
        guard isReady, !hasEnded, nextTurn <= script.turns.count else { return false }
        guard nextTurn > 0, nextTurn <= script.turns.count else { return true }
        let isLast = nextTurn == script.turns.count
        return !(script.turns[nextTurn - 1].waits || isLast) || hasAnswers
    }

    /// Whether everything that was asked for so far has been answered.
    var hasAnswers: Bool {
        guard nextTurn > 0 else { return true }
        if isDisturbed { return readies >= syncsSent }
        return received.count >= script.turns[nextTurn - 1].expected
    }

    private var syncsSent: Int {
        let expected = script.turns[nextTurn - 1].expected
        return script.replies[..<expected].count { $0.letter == "Z" }
    }

    /// Sends the next turn, or leaves, or both.
    func send() {
        if case .vanishes(let last) = script.farewell, nextTurn > last { return leave() }
        if nextTurn < script.turns.count {
            trace?("\(script.owner) -> \(script.turns[nextTurn].text)")
            link.toEngine += script.turns[nextTurn].bytes
            nextTurn += 1
            switch script.farewell {
            case .terminatesAtOnce, .shuts, .closes: if nextTurn == script.turns.count { leave() }
            case .terminates, .vanishes: break
            }
        } else {
            leave()
        }
    }

    private func leave() {
        trace?("\(script.owner) leaves: \(script.farewell)")
        hasEnded = true
        switch script.farewell {
        case .terminates, .terminatesAtOnce, .closes:
            var builder = MessageBuilder()
            builder.terminate()
            link.toEngine += builder.bytes
        case .shuts, .vanishes: break
        }
        switch script.farewell {
        case .terminates, .terminatesAtOnce: break
        case .shuts: link.peer = .shut
        case .closes: link.peer = .closed
        case .vanishes: link.peer = .lost
        }
    }

    /// Whether the turn under way is to be cancelled.
    var wantsCancel: Bool {
        nextTurn > 0 && !link.isAbandoned && script.turns[nextTurn - 1].isCancelled && !hasAnswers
            && !cancelsSent.contains(nextTurn)
    }

    /// Values of which it was told that they were not written.
    private(set) var denied: [String] = []

    /// What has been written since the last BEGIN.
    private func valuesOfTransaction(upTo last: Int) -> [String] {
        let first = script.turns[...last].lastIndex { $0.text.uppercased().contains("BEGIN") } ?? last
        return script.turns[first...last].flatMap { $0.values(of: script.owner) }
    }

    /// The turn that a message answers.
    private func turn(of place: Int) -> Int {
        min(script.turns.firstIndex { $0.expected > place } ?? .max, script.turns.count - 1)
    }

    /// Something that it was told of has been lost.
    func disturb() { isDisturbed = true }

    /// Whether it has sent all and been answered as PostgreSQL would have.
    var isUndisturbed: Bool { !isDisturbed && mismatch == nil && hasEnded && script.farewell.reads }

    /// Whether all that it has sent is carried out, though it did not stay to hear of it. In a storm it may have been
    /// refused, and a read that nobody waits for is not brought to an end, even if it would have turned out to write.
    var leavesItsWritesBehind: Bool {
        !isDisturbed && mismatch == nil && hasEnded && !isInStorm && script.farewell == .closes
            && script.turns.last?.writesHidden != true
    }

    /// What the client has not been told when its connection has ended; nil where it was told all.
    var missing: String? {
        guard hasEnded, script.farewell.reads, nextTurn > 0, !hasAnswers else { return nil }
        // Behind half a message of a server that was lost nothing could be said that would be understood.
        if isInStorm, !incoming.isEmpty { return nil }
        return "\(script.owner) has been closed without its last answers: \(progress)"
    }

    func noteCancel() {
        cancelsSent.insert(nextTurn)
        isDisturbed = true
    }

    func receive(_ bytes: [UInt8]) {
        incoming += bytes
        var offset = 0
        while let message = WireMessage.next(in: incoming, at: &offset) { take(message) }
        incoming.removeFirst(offset)
    }

    private func take(_ message: WireMessage) {
        trace?("\(script.owner) <- \(message.asBackend)")
        if !isReady {
            if message.letter == "K" {
                var reader = BodyReader(message.body)
                key = (UInt32(bitPattern: Int32(reader.int32())), Array(message.body[4...]))
            } else if message.letter == "Z" {
                isReady = true
            } else if message.letter == "E" {
                mismatch = "not let in: \(message.asBackend)"
            }
            return
        }
        guard ClientScript.isCompared(message) else { return }
        if message.letter == "Z" { readies += 1 }
        let place = received.count
        received.append(message)
        if isDisturbed {
            // A statement of another name than it thinks is left over: it does not want to copy.
            if message.letter == "G", !script.turns[nextTurn - 1].text.contains("COPY") { declineCopy() }
            return
        }
        if isInStorm, message.letter == "A" || place < script.replies.count && script.replies[place].letter == "A",
            place >= script.replies.count || !Self.isEqual(message, script.replies[place])
        {
            // What is sent while the listening server is being replaced is lost.
            isDisturbed = true
            return
        }
        if message.letter == "A",
            message.body.prefix(4) != withUnsafeBytes(of: (key?.processID ?? 0).bigEndian, { Array($0)[...] })
        {
            mismatch = "\(script.owner): its own notification bears the process \(message.body.prefix(4))"
            return
        }
        if message.letter == "E",
            ["08006", "08007", "40001", "57014", "57P01", "57P03"].contains(message.field("C") ?? ""),
            script.isCancelling || isInStorm
        {
            isDisturbed = true
            if isReadLostForNothing(message, at: place) {
                mismatch =
                    "\(script.owner): <\(message.asBackend)> \(message.field("D") ?? ""): another node would have run it"
            }
            if message.field("C") == "40001" { denied += valuesOfTransaction(upTo: turn(of: place)) }
            return
        }
        if isInStorm, message.letter == "E", message.field("C") == "25006", script.turns[turn(of: place)].writesHidden {
            // Its servers were lost more often than a batch is tried again.
            isDisturbed = true
            return
        }
        if isInStorm,
            message.letter == "E" && message.field("C") == "25P02" || message.asBackend == "Complete ROLLBACK",
            place >= script.replies.count || message != script.replies[place]
        {
            // The server was lost with a transaction open and nothing owed: the transaction has failed.
            isDisturbed = true
            return
        }
        guard mismatch == nil else { return }
        guard place < script.replies.count, Self.isEqual(message, script.replies[place]) else {
            let wanted = place < script.replies.count ? script.replies[place].asBackend : "nothing"
            let turn = script.turns.firstIndex { $0.expected > place } ?? script.turns.count
            let before = received.suffix(6).dropLast().map(\.asBackend).joined(separator: " / ")
            mismatch = """
                \(script.owner): message \(place): got <\(message.asBackend)>, PostgreSQL says <\(wanted)> \
                after <\(before)> in turn \(turn) of \(script.turns.count), \(nextTurn) sent:
                \(script.turns[max(0, turn - 4)..<min(turn + 1, script.turns.count)].map { "\($0.waits ? "W " : "  ")\($0.text)" }.joined(separator: "\n"))
                """
            return
        }
    }

    /// A read that was lost on a replica before anything of its reply had left, with nothing pipelined around it: it
    /// runs elsewhere, at last on the primary.
    private func isReadLostForNothing(_ message: WireMessage, at place: Int) -> Bool {
        let turn = turn(of: place)
        guard losesNoReads, message.field("M") == "the server was lost while its answer was being read",
            place == 0 || received[place - 1].letter == "Z", turn == 0 || script.turns[turn - 1].waits,
            nextTurn == turn + 1, let detail = message.field("D")
        else { return false }
        // One that asks for replies in its middle is not kept.
        if script.turns[turn].text.contains("Flush") { return false }
        return detail.hasPrefix("Node n") && !detail.hasPrefix("Node n0:")
    }

    private func declineCopy() {
        var builder = MessageBuilder()
        builder.message(FrontendTag.copyFail) { $0.string("nobody asked for it") }
        builder.sync()
        link.toEngine += builder.bytes
    }

    var trace: ((String) -> Void)?

    /// Servers are killed: errors that say so are no mismatch.
    var isInStorm = false
    /// Node n0 is the primary all the time, and no batch is too long to be kept for a second try.
    var losesNoReads = false

    private static func isEqual(_ left: WireMessage, _ right: WireMessage) -> Bool {
        if left.letter == "E", right.letter == "E" {
            // A statement that its server lacks cannot be prepared in a failed transaction: that error comes before any
            // other.
            return left.asBackend == right.asBackend || left.field("C") == "25P02"
        }
        // The process that has notified is the client's own, and no model's.
        if left.letter == "A", right.letter == "A" { return left.body.dropFirst(4) == right.body.dropFirst(4) }
        return left == right
    }

    var progress: String {
        "\(script.owner): turn \(nextTurn) of \(script.turns.count), \(received.count) received, "
            + "expected \(nextTurn > 0 ? script.turns[nextTurn - 1].expected : 0), ready \(isReady), ended \(hasEnded), "
            + "last: \(received.suffix(3).map(\.asBackend)), turn: \(nextTurn > 0 ? script.turns[nextTurn - 1].text : "")"
    }
}
