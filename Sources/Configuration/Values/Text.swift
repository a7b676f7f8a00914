// Small text tools; the standard library has them only through Foundation.

extension Unicode.Scalar {
    var isBlank: Bool { self == " " || self == "\t" }

    var decimalDigit: Int? { ("0"..."9").contains(self) ? Int(value) - 48 : nil }

    var isNameCharacter: Bool {
        ("a"..."z").contains(self) || ("A"..."Z").contains(self) || ("0"..."9").contains(self) || self == "_"
    }

    /// Characters that no value may hold: a terminal, a log line or a C string would not survive them.
    var isControl: Bool { value < 0x20 || value == 0x7F }
}

extension String {
    /// Without blanks at either end.
    var trimmed: String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.isBlank }),
            let last = scalars.lastIndex(where: { !$0.isBlank })
        else { return "" }
        return String(scalars[first...last])
    }

    /// In double quotes for a message: on one line, and cut where it is long.
    var quotedForMessage: String {
        let longest = 60
        var shown = "\""
        for scalar in unicodeScalars.prefix(longest) {
            shown += scalar.isControl || scalar == "\"" ? scalar.escaped(asASCII: false) : String(scalar)
        }
        return shown + (unicodeScalars.count > longest ? "…\"" : "\"")
    }

    /// Lines of at most `width` characters, broken at spaces.
    func wrapped(to width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return line.isEmpty ? lines : lines + [line]
    }
}
