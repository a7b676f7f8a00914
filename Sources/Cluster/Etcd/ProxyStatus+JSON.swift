extension ProxyStatus {
    var json: String {
        let seen = sees.map { ", \"sees\": \(JSONDocument.quoted($0))" } ?? ""
        return "{\"name\": \(JSONDocument.quoted(name))\(seen), \"fenced\": \"\(fenced)\"}"
    }

    init?(json: [UInt8]) {
        guard let document = JSONDocument(json), let name = JSONDocument.text(document.root, "name"),
            let fenced = JSONDocument.number(document.root, "fenced").flatMap({ UInt64(exactly: $0) })
        else { return nil }
        self.init(name: name, sees: JSONDocument.text(document.root, "sees"), fenced: fenced)
    }
}

extension PromotionAttempt {
    var json: String {
        let words = [("old", old), ("candidate", candidate), ("stage", stage.rawValue), ("by", by), ("proxy", byName)]
            .map { "\"\($0.0)\": \(JSONDocument.quoted($0.1))" }
        return "{\"number\": \"\(number)\", \"timeline\": \(timeline), \(words.joined(separator: ", "))}"
    }

    init?(json: [UInt8]) {
        guard let document = JSONDocument(json) else { return nil }
        let root = document.root
        guard let number = JSONDocument.number(root, "number").flatMap({ UInt64(exactly: $0) }), number > 0,
            let timeline = JSONDocument.number(root, "timeline").flatMap({ UInt32(exactly: $0) }),
            let old = JSONDocument.text(root, "old"), let candidate = JSONDocument.text(root, "candidate"),
            let stage = JSONDocument.text(root, "stage").flatMap({ Stage(rawValue: $0) }),
            let by = JSONDocument.text(root, "by"), let byName = JSONDocument.text(root, "proxy")
        else { return nil }
        self.init(
            number: number,
            old: old,
            candidate: candidate,
            timeline: timeline,
            stage: stage,
            by: by,
            byName: byName
        )
    }
}
