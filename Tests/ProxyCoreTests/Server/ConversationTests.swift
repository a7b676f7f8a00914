import Bytes
import PostgresWire
import ProxySimulation
import Testing

@testable import ProxyCore

/// The wire state of one server, alone.
struct ConversationTests {
    private typealias Told = WireHarness.Told
    private typealias Model = WireModel

    private func serial(_ number: Int) -> StatementSerial { StatementSerial(rawValue: UInt64(number)) }

    private func name(_ serial: StatementSerial) -> String {
        var name = [UInt8](repeating: 0, count: StatementSerial.nameSize)
        name.withUnsafeMutableBytes { serial.writeName(to: $0.baseAddress!) }
        return String(decoding: name.dropLast(), as: UTF8.self)
    }

    private func entry(_ kind: LedgerEntry.Kind, _ serial: StatementSerial = .none) -> LedgerEntry {
        var entry = LedgerEntry(kind, .forward)
        entry.serial = serial
        return entry
    }

    private func text(_ serial: StatementSerial) -> String { "SELECT \(serial.rawValue)" }

    private func parse(_ wire: WireHarness, _ entry: LedgerEntry, isShared: Bool) {
        let body = Array(text(entry.serial).utf8) + [0, 0, 0]
        body.withUnsafeBytes { wire.conversation.parse(entry, isShared: isShared, $0, from: wire.buffers) }
    }

    private func bind(_ wire: WireHarness, _ serial: StatementSerial, isShared: Bool) {
        let portal = Array(text(serial).utf8) + [0]
        let rest: [UInt8] = [0, 0, 0, 0, 0, 0]
        wire.conversation.bind(
            entry(.bind, serial),
            portal: portal.span.bytes,
            isShared: isShared,
            rest.span.bytes,
            restSize: rest.count,
            from: wire.buffers
        )
    }

    private func execute(_ wire: WireHarness) {
        let body: [UInt8] = [0, 0, 0, 0, 0]
        wire.conversation.send(entry(.execute), body.span.bytes, from: wire.buffers)
    }

    private func relayQuery(_ wire: WireHarness, _ text: String) {
        var builder = MessageBuilder()
        builder.query(text)
        wire.conversation.relay(entry(.query), builder.bytes.span.bytes, from: wire.buffers)
    }

    // MARK: Tables

    @Test("Each message that is answered is noted with the time of the event that sent it, across the clock's turn")
    func times() {
        let wire = WireHarness()
        wire.clock.follow(Microseconds(UInt32.max) - 9)
        wire.conversation.sync(.forward, from: wire.buffers)
        wire.clock.follow(Microseconds(UInt32.max) + 31)
        wire.conversation.sync(.forward, from: wire.buffers)
        let sent = (0..<2).map { wire.clock.since(wire.conversation.ledger[$0].sentAt) }
        #expect(sent == [40, 0])
    }

    @Test("Each message goes out with the reply that it is owed, and is met by that")
    func messages() {
        let one = serial(1)
        let shared = name(one)
        let cases: [(send: (WireHarness) -> Void, sent: [UInt8], reply: [UInt8], told: [Told])] = [
            (
                { self.relayQuery($0, "SELECT 1") }, Model.message(FrontendTag.query, Array("SELECT 1\0".utf8)),
                Model.description + Model.row + Model.complete + Model.ready,
                [.part("T"), .row, .part("C"), .ready(hasFailed: false)]
            ),
            (
                { self.parse($0, self.entry(.parse, one), isShared: true) },
                Model.message(FrontendTag.parse, Array("\(shared)\0SELECT 1\0\0\0".utf8)),
                Model.message(BackendTag.parseComplete), [.completed(.parse)]
            ),
            (
                { self.parse($0, self.entry(.parse, one), isShared: false) },
                Model.message(FrontendTag.parse, Array("\0SELECT 1\0\0\0".utf8)),
                Model.message(BackendTag.parseComplete), [.completed(.parse)]
            ),
            (
                { self.bind($0, one, isShared: true) },
                Model.message(FrontendTag.bind, Array("SELECT 1\0\(shared)\0\0\0\0\0\0\0".utf8)),
                Model.message(BackendTag.bindComplete), [.completed(.bind)]
            ),
            (
                { $0.conversation.describe(self.entry(.describe, one), isShared: true, from: $0.buffers) },
                Model.message(FrontendTag.describe, Array("S\(shared)\0".utf8)),
                Model.message(BackendTag.parameterDescription, [0, 0]) + Model.message(BackendTag.noData),
                [.part("t"), .completed(.describe)]
            ),
            (
                { self.execute($0) }, Model.message(FrontendTag.execute, [0, 0, 0, 0, 0]),
                Model.row + Model.message(BackendTag.portalSuspended), [.row, .completed(.execute)]
            ),
            (
                { $0.conversation.close(name: Array("a".utf8), from: $0.buffers) },
                Model.message(FrontendTag.close, Array("Sa\0".utf8)), Model.message(BackendTag.closeComplete),
                [.completed(.close)]
            ),
            (
                { $0.conversation.sync(.forward, from: $0.buffers) }, Model.message(FrontendTag.sync), Model.ready,
                [.ready(hasFailed: false)]
            ),
        ]
        for (send, sent, reply, told) in cases {
            let wire = WireHarness()
            send(wire)
            #expect(wire.owed == 1)
            #expect(wire.takeSent() == sent)
            wire.receive(reply)
            #expect(wire.takeTold() == told)
            #expect(wire.isQuiet)
            #expect(wire.unconfirmed == 0)
        }
    }

    @Test("A reply that nothing asked for is no reply")
    func unasked() {
        let wire = WireHarness()
        wire.receive(Model.message(BackendTag.bindComplete))
        wire.receive(Model.ready)
        wire.receive(Model.error)
        wire.conversation.provoke(.canceled, from: wire.buffers)
        wire.receive(Model.message(BackendTag.parseComplete))
        #expect(
            wire.takeTold() == [
                .violation(.unaskedReply), .violation(.unaskedReady), .failed(nil), .violation(.unaskedReply),
            ]
        )
    }

    @Test("What a provoked error stands for is given once, and none is left of those that are skipped")
    func provoked() {
        let wire = WireHarness()
        for _ in 0..<2 { wire.conversation.provoke(.canceled, from: wire.buffers) }
        wire.conversation.sync(.forward, from: wire.buffers)
        wire.receive(Model.error + Model.ready)
        #expect(wire.replacements == [.canceled])
        #expect(wire.hasNoErrorInStore)
        #expect(wire.isQuiet)
    }

    @Test("An answer of the proxy's own waits for the replies in front of it")
    func answers() {
        let wire = WireHarness()
        bind(wire, serial(1), isShared: true)
        wire.conversation.answer(entry(.parse))
        execute(wire)
        wire.conversation.answer(entry(.close))
        wire.takeAnswers()
        #expect(wire.takeTold() == [])
        wire.receive(Model.message(BackendTag.bindComplete) + Model.complete)
        #expect(wire.takeTold() == [.completed(.bind), .answer(.parse), .completed(.execute), .answer(.close)])
    }

    @Test("Behind what may be COPY FROM STDIN nothing may be sent before its reply has told")
    func copies() {
        let copy = Model.message(BackendTag.copyInResponse, [0, 0, 0])
        let ofQuery = WireHarness()
        var query = entry(.query)
        query.mayCopyIn = true
        ofQuery.conversation.send(query, RawSpan(), from: ofQuery.buffers)
        for _ in 0..<2 {
            #expect(ofQuery.isUndecided)
            ofQuery.receive(copy)
            #expect(ofQuery.takeTold() == [.copyIn])
            #expect(ofQuery.isCopyingIn)
            ofQuery.conversation.endCopy()
            // Another copy may follow in the same text.
            ofQuery.receive(Model.complete)
            #expect(ofQuery.takeTold() == [.part("C")])
        }
        ofQuery.receive(Model.ready)
        #expect(ofQuery.isQuiet && !ofQuery.isUndecided)

        let ofExecute = WireHarness()
        var execute = entry(.execute)
        execute.mayCopyIn = true
        ofExecute.conversation.send(execute, RawSpan(), from: ofExecute.buffers)
        #expect(ofExecute.isUndecided)
        ofExecute.receive(copy)
        ofExecute.conversation.endCopy()
        #expect(!ofExecute.isUndecided)
        ofExecute.conversation.sync(.forward, from: ofExecute.buffers)
        ofExecute.receive(Model.complete + Model.ready)
        #expect(ofExecute.isQuiet)
    }

    @Test("A copy that fails, before it begins or in its middle, and a statement that was none", arguments: [0, 1, 2])
    func copyComesToNothing(kind: Int) {
        let wire = WireHarness()
        var copy = entry(.execute)
        copy.mayCopyIn = true
        wire.conversation.send(copy, RawSpan(), from: wire.buffers)
        if kind == 1 { wire.receive(Model.message(BackendTag.copyInResponse, [0, 0, 0])) }
        wire.receive(kind == 2 ? Model.complete : Model.error)
        #expect(!wire.isUndecided && !wire.isCopyingIn)
        #expect(wire.isSkipping == (kind != 2))
        wire.conversation.sync(.forward, from: wire.buffers)
        wire.receive(Model.ready)
        #expect(wire.isQuiet)
    }

    @Test("A copy that nothing asked for is no copy")
    func unaskedCopy() {
        let wire = WireHarness()
        execute(wire)
        wire.receive(Model.message(BackendTag.copyInResponse, [0, 0, 0]))
        #expect(wire.takeTold() == [.violation(.unaskedCopy)])
    }

    // MARK: Errors

    /// Messages of a batch, and one of the next.
    private func sendTwoBatches(_ wire: WireHarness) {
        parse(wire, entry(.parse, serial(1)), isShared: true)
        bind(wire, serial(1), isShared: true)
        wire.conversation.describe(entry(.describe, serial(1)), isShared: true, from: wire.buffers)
        execute(wire)
        parse(wire, entry(.parse, serial(2)), isShared: true)
        wire.conversation.sync(.forward, from: wire.buffers)
        parse(wire, entry(.parse, serial(3)), isShared: true)
        wire.conversation.sync(.forward, from: wire.buffers)
    }

    @Test("An error in each position undoes what stands behind it, last first, and leaves nothing", arguments: 0..<5)
    func errors(position: Int) {
        let wire = WireHarness()
        var model = Model()
        sendTwoBatches(wire)
        var number = -1
        let replies = model.answer(wire.takeSent()) { _ in
            number += 1
            return number == position
        }
        wire.receive(replies)
        let kinds: [LedgerEntry.Kind] = [.parse, .bind, .describe, .execute, .parse]
        #expect(wire.undone.map { $0.map(\.kind) } == [kinds[position...].reversed()])
        #expect(wire.has(serial(1)) == (position > 0))
        #expect(!wire.has(serial(2)))
        #expect(wire.has(serial(3)))
        #expect(wire.isQuiet && wire.unconfirmed == 0)
        let ready = wire.takeTold().filter { if case .ready = $0 { true } else { false } }
        #expect(ready == [.ready(hasFailed: true), .ready(hasFailed: false)])
    }

    @Test("Replies that are cut at any byte say the same")
    func cuts() {
        for position in 0...5 {
            var model = Model()
            let whole = WireHarness()
            sendTwoBatches(whole)
            var number = -1
            let replies = model.answer(whole.takeSent()) { _ in
                number += 1
                return number == position
            }
            whole.receive(replies)
            let told = whole.takeTold()
            for cut in 0...replies.count {
                let wire = WireHarness()
                sendTwoBatches(wire)
                wire.receive(replies[..<cut])
                wire.receive(replies[cut...])
                #expect(wire.takeTold() == told, "cut at \(cut)")
                #expect(wire.isQuiet)
            }
        }
    }

    @Test("A name that two batches change goes back to what it meant before both, if both fail")
    func names() {
        let wire = WireHarness()
        let (before, first, second) = (StatementID(rawValue: 1), StatementID(rawValue: 2), StatementID(rawValue: 3))
        for (previous, id) in [(before, first), (first, second)] {
            var change = entry(.parse, serial(Int(id.rawValue)))
            (change.changesName, change.place, change.previous, change.statement) = (
                true, .init(index: 7), previous, id
            )
            parse(wire, change, isShared: true)
            wire.conversation.sync(.forward, from: wire.buffers)
        }
        wire.receive(Model.error + Model.ready + Model.error + Model.ready)
        #expect(wire.overtaken == [first])
        #expect(wire.undone.map { $0.map(\.previous) } == [[before], [before]])
        #expect(wire.isQuiet)
    }

    // MARK: A walk

    @Test("Whatever is sent, and fails: what it is believed to have is what it has", arguments: 1...40 as ClosedRange)
    func walk(seed: UInt64) {
        var dice = Dice(seed: seed)
        let wire = WireHarness()
        var model = Model()
        var replies: [UInt8] = []
        var errors = 0
        for step in 0..<3000 {
            if wire.conversation.isSkipping {
                // The engine sends nothing else.
                wire.conversation.sync(.forward, from: wire.buffers)
            } else {
                send(dice.below(12), serial(1 + dice.below(6)), wire)
            }
            if dice.chance(30) {
                replies += model.answer(wire.takeSent()) { _ in
                    let fails = dice.chance(12)
                    if fails { errors += 1 }
                    return fails
                }
            }
            if dice.chance(60) {
                let size = min(replies.count, dice.below(200))
                wire.receive(replies[..<size])
                replies.removeFirst(size)
            }
            guard dice.chance(5) else { continue }
            wire.conversation.sync(.forward, from: wire.buffers)
            wire.receive(replies + model.answer(wire.takeSent()) { _ in false })
            replies = []
            verify(wire, model, step)
            // Nothing is in flight: it may be rid of one.
            if let serial = wire.conversation.statements.leastRecentlyUsed {
                wire.conversation.close(serial, from: wire.buffers)
            }
        }
        #expect(errors > 50)
        #expect(model.faults == [])
    }

    private func send(_ choice: Int, _ serial: StatementSerial, _ wire: WireHarness) {
        switch choice {
        case 0...2:
            ensurePrepared(serial, wire)
            bind(wire, serial, isShared: true)
        case 3, 4:
            if wire.conversation.unnamed != serial || wire.conversation.isUnnamedUncertain() {
                parse(wire, entry(.parse, serial), isShared: false)
            }
            bind(wire, serial, isShared: false)
        case 5:
            ensurePrepared(serial, wire)
            wire.conversation.describe(entry(.describe, serial), isShared: true, from: wire.buffers)
        case 6: execute(wire)
        case 7: relayQuery(wire, "SELECT 1")
        case 8: wire.conversation.provoke(.canceled, from: wire.buffers)
        case 9: wire.conversation.close(name: [], from: wire.buffers)
        default: wire.conversation.sync(.forward, from: wire.buffers)
        }
    }

    /// As the engine does (`presence()`, `ensurePrepared()`).
    private func ensurePrepared(_ serial: StatementSerial, _ wire: WireHarness) {
        var parse = entry(.parse, serial)
        if wire.conversation.use(serial) {
            guard wire.conversation.isUncertain(serial) else { return wire.conversation.answer(parse) }
            wire.conversation.close(serial, isPreparedAgain: true, from: wire.buffers)
            parse.preparesAgain = true
        }
        self.parse(wire, parse, isShared: true)
    }

    private func verify(_ wire: WireHarness, _ model: Model, _ step: Int) {
        #expect(wire.isQuiet && !wire.isSkipping, "\(step)")
        #expect(wire.unconfirmed == 0 && wire.hasNoErrorInStore, "\(step)")
        var known: Set<String> = []
        wire.conversation.statements.forEach { known.insert(name($0)) }
        #expect(known == model.named, "\(step)")
        switch wire.conversation.unnamed {
        case .none: #expect(model.unnamed == nil, "\(step)")
        case .unknown: break
        case let serial: #expect(model.unnamed == text(serial), "\(step)")
        }
    }
}
