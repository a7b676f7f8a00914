/// A number with an optional decimal fraction and an optional unit: `10`, `1.5h`, `64 kB`.
struct Quantity {
    private var whole = 0
    private var fraction = 0
    private var fractionScale = 1
    private(set) var unit = ""

    /// More digits than this are refused, so that nothing below can overflow.
    private static let longestFraction = 6

    init(_ text: String) throws(SettingKind.ValueError) {
        var rest = text.unicodeScalars[...]
        var digits = 0
        while let digit = rest.first?.decimalDigit {
            let (product, overflow) = whole.multipliedReportingOverflow(by: 10)
            guard !overflow, product <= Int.max - digit else { throw SettingKind.ValueError() }
            whole = product + digit
            digits += 1
            rest.removeFirst()
        }
        if rest.first == "." {
            rest.removeFirst()
            while let digit = rest.first?.decimalDigit {
                guard fractionScale < 1_000_000 else {
                    throw SettingKind.ValueError(hint: "more than \(Self.longestFraction) digits behind the point")
                }
                fraction = fraction * 10 + digit
                fractionScale *= 10
                digits += 1
                rest.removeFirst()
            }
        }
        guard digits > 0 else { throw SettingKind.ValueError() }
        while rest.first == " " { rest.removeFirst() }
        unit = String(rest)
        guard rest.allSatisfy({ $0.isASCII && $0.properties.isAlphabetic }) else { throw SettingKind.ValueError() }
    }

    /// The quantity in the smallest unit, of which one of this quantity's unit has `size`.
    func count(of size: Int) throws(SettingKind.ValueError) -> Int {
        let (product, overflow) = whole.multipliedReportingOverflow(by: size)
        let part = fraction * size
        // A value finer than the smallest unit would come out as another one, perhaps as 0 with a meaning of its own.
        guard part.isMultiple(of: fractionScale) else { throw SettingKind.ValueError(hint: "it is too fine") }
        let (sum, overflowAgain) = product.addingReportingOverflow(part / fractionScale)
        guard !overflow, !overflowAgain else { throw SettingKind.ValueError() }
        return sum
    }
}
