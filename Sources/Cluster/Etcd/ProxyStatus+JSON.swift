extension ProxyStatus {
    var json: String {
        let fenced = JSONText.string("\(fenced)")
        guard let sees else { return JSONText.object(["name": .string(name), "fenced": fenced]).text }
        return JSONText.object(["name": .string(name), "sees": .string(sees), "fenced": fenced]).text
    }

    init?(json: [UInt8]) {
        guard let value = JSONValue(json), let name = value["name"]?.text,
            let fenced = value.number("fenced").flatMap({ UInt64(exactly: $0) })
        else { return nil }
        self.init(name: name, sees: value["sees"]?.text, fenced: fenced)
    }
}

extension PromotionAttempt {
    var json: String {
        let word = stage == .following ? Stage.done.rawValue : stage.rawValue
        var members: [(String, JSONText)] = [
            ("number", .string("\(number)")), ("timeline", .number(Int64(timeline))), ("old", .string(old)),
            ("candidate", .string(candidate)), ("stage", .string(word)), ("by", .string(by)),
            ("proxy", .string(byName)),
        ]
        if stage == .following { members.append(("followers", .array(followers.map { .string($0) }))) }
        return JSONText.members(members).text
    }

    init?(json: [UInt8]) {
        guard let value = JSONValue(json),
            let number = value.number("number").flatMap({ UInt64(exactly: $0) }), number > 0,
            let timeline = value.number("timeline").flatMap({ UInt32(exactly: $0) }),
            let old = value["old"]?.text, let candidate = value["candidate"]?.text,
            let stage = value["stage"]?.text.flatMap({ Stage(rawValue: $0) }),
            let by = value["by"]?.text, let byName = value["proxy"]?.text
        else { return nil }
        // A version that knows of no followers writes none.
        let followers = stage == .done ? value["followers"]?.items?.compactMap(\.text) ?? [] : []
        self.init(
            number: number,
            old: old,
            candidate: candidate,
            timeline: timeline,
            stage: followers.isEmpty ? stage : .following,
            by: by,
            byName: byName,
            followers: followers
        )
    }
}
