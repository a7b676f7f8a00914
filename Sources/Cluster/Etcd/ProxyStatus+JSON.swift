extension ProxyStatus {
    var json: String {
        let seen = sees.map { ", \"sees\": \(JSONValue.quoted($0))" } ?? ""
        return "{\"name\": \(JSONValue.quoted(name))\(seen), \"fenced\": \"\(fenced)\"}"
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
        let words = [("old", old), ("candidate", candidate), ("stage", word), ("by", by), ("proxy", byName)]
            .map { "\"\($0.0)\": \(JSONValue.quoted($0.1))" }
        let names = followers.map { JSONValue.quoted($0) }.joined(separator: ", ")
        let left = stage == .following ? ", \"followers\": [\(names)]" : ""
        return "{\"number\": \"\(number)\", \"timeline\": \(timeline), \(words.joined(separator: ", "))\(left)}"
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
