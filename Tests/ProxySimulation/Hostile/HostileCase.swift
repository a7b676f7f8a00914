import PostgresWire

/// One conversation with something wrong in what the client says or in what its servers answer. A number stands for
/// all of it, so that it can be played again.
package struct HostileCase: Sendable, CustomStringConvertible {
    package let seed: UInt64
    package let conversation: HostileConversation
    /// What is wrong with the client's stream, and with what servers say to it, one after another.
    package let clientEdits: [Edit]
    package let serverEdits: [Edit]

    package init(seed: UInt64, conversation: HostileConversation, clientEdits: [Edit] = [], serverEdits: [Edit] = []) {
        self.seed = seed
        self.conversation = conversation
        self.clientEdits = clientEdits
        self.serverEdits = serverEdits
    }

    package var description: String {
        "seed \(seed), \(conversation.name), client: \(clientEdits), servers: \(serverEdits)"
    }

    private static let clientTags = Array("QPBDECHSFXdcfpz".utf8) + [0, 255]
    private static let serverTags = Array("RKSZTDCEINnst123AGHWVdcvz".utf8) + [0]
    private static let lengths: [UInt32] = [
        0, 3, 4, 5, 6, 8, 1000, 70_000, 0x3FFF_FFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF,
    ]
    /// About so many bytes a server says in a conversation.
    private static let serverBytes = 900

    /// How many cases put each type with each odd length at each boundary of each conversation, from the client's side.
    package static let tableSize =
        HostileConversation.all.reduce(0) { $0 + $1.boundaries.count } * clientTags.count * lengths.count

    /// One of the table: neighbouring numbers have little in common.
    package init(table number: Int) {
        var rest = number * 7919 % Self.tableSize
        let length = Self.lengths[rest % Self.lengths.count]
        rest /= Self.lengths.count
        let tag = Self.clientTags[rest % Self.clientTags.count]
        rest /= Self.clientTags.count
        var conversation = HostileConversation.all[0]
        for candidate in HostileConversation.all {
            conversation = candidate
            if rest < candidate.boundaries.count { break }
            rest -= candidate.boundaries.count
        }
        self.init(
            seed: UInt64(number),
            conversation: conversation,
            clientEdits: [Edit(Edit.header(tag, length: length, body: number % 3), at: conversation.boundaries[rest])]
        )
    }

    /// Whatever comes to mind.
    package init(random number: UInt64) {
        var dice = Dice(seed: number)
        let conversation = HostileConversation.all[dice.below(HostileConversation.all.count)]
        var edits: [Edit] = []
        let isServers = dice.chance(50)
        let size = isServers ? Self.serverBytes : conversation.bytes.count
        for _ in 0...dice.below(3) {
            let boundaries = conversation.boundaries
            let place = isServers || dice.chance(50) ? dice.below(size) : boundaries[dice.below(boundaries.count)]
            let kind: Edit.Kind
            switch dice.below(6) {
            case 0: kind = .cut
            case 1: kind = .overwrite([UInt8(dice.below(256))])
            case 2: kind = .remove(1 + dice.below(8))
            case 3: kind = .again(1 + dice.below(40))
            case 4: kind = .insert((0..<1 + dice.below(12)).map { _ in UInt8(dice.below(256)) })
            default:
                let tag = dice.pick(isServers ? Self.serverTags : Self.clientTags)
                kind = Edit.header(tag, length: dice.pick(Self.lengths), body: dice.below(12))
            }
            edits.append(Edit(kind, at: place))
        }
        self.init(
            seed: number,
            conversation: conversation,
            clientEdits: isServers ? [] : edits,
            serverEdits: isServers ? edits : []
        )
    }

    /// From bytes that a fuzzer makes up.
    package init(bytes: [UInt8]) {
        var reader = BodyReader(bytes)
        let conversation = HostileConversation.all[Int(reader.byte()) % HostileConversation.all.count]
        let seed = UInt64(reader.byte())
        var edits: [[Edit]] = [[], []]
        while !reader.isAtEnd, edits[0].count + edits[1].count < 8 {
            let control = Int(reader.byte())
            let place = (Int(reader.byte()) << 8 | Int(reader.byte())) % (conversation.bytes.count + 600)
            let count = Int(reader.byte()) % 64
            let kind: Edit.Kind =
                switch control >> 1 % 5 {
                case 0: .cut
                case 1: .insert((0..<count).map { _ in reader.byte() })
                case 2: .overwrite((0..<count).map { _ in reader.byte() })
                case 3: .remove(count)
                default: .again(count)
                }
            edits[control & 1].append(Edit(kind, at: place))
        }
        self.init(seed: seed, conversation: conversation, clientEdits: edits[0], serverEdits: edits[1])
    }
}
