/// One value of SET: `SET name TO value, …`.
package struct SettingLiteral: Equatable, Sendable {
    package enum Kind: Sendable {
        /// A string, or a word such as `on` or a schema's name.
        case string
        case number
        /// SET TIME ZONE INTERVAL '…'; `text` is what the quotes hold.
        case interval
    }

    package var kind: Kind
    package var text: String

    package init(kind: Kind, text: String) {
        self.kind = kind
        self.text = text
    }

    /// From an A_Const, or a TypeCast of one. A_Const: ival = 1, fval = 2, boolval = 3, sval = 4, bsval = 5, isnull =
    /// 10.
    init?(node: WireFields.Range) {
        guard let (kind, range) = node.node else { return nil }
        switch kind {
        case ParseTreeNode.typeCast:
            // TypeCast: arg = 1, type_name = 2; TypeName: names = 1.
            guard let argument = range.bytes(1), let inner = SettingLiteral(node: argument),
                let type = range.bytes(2)
            else { return nil }
            let isInterval = ParseTreeClassifier.names(type.all(1)).last == "interval"
            self.init(kind: isInterval ? .interval : inner.kind, text: inner.text)
        case ParseTreeNode.aConst:
            var fields = WireFields(range)
            guard let field = fields.next(), case .bytes(let value) = field.value else { return nil }
            switch field.number {
            case 1: self.init(kind: .number, text: String(Int32(truncatingIfNeeded: value.number(1))))
            case 2: self.init(kind: .number, text: value.string(1))
            case 3: self.init(kind: .string, text: value.number(1) != 0 ? "true" : "false")
            case 4: self.init(kind: .string, text: value.string(1))
            default: return nil
            }
        default: return nil
        }
    }
}

extension SettingLiteral {
    /// What PostgreSQL takes for false (PostgreSQL documentation, 20.1.1).
    package static func isOff(_ text: String) -> Bool {
        ["off", "of", "false", "fals", "fal", "fa", "f", "no", "n", "0"].contains(text.lowercased())
    }

    /// What PostgreSQL takes for true (PostgreSQL documentation, 20.1.1).
    package static func isOn(_ text: String) -> Bool {
        ["on", "true", "tru", "tr", "t", "yes", "ye", "y", "1"].contains(text.lowercased())
    }
}
