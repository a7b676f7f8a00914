/// What of a session's settings must be asked for at the end of its transaction, whatever has become of it: words do
/// not tell what they are then.
struct SettingDoubts: Equatable {
    private(set) var names: Set<String> = []
    /// More may have changed than can be named.
    private(set) var isComplete = false

    var isEmpty: Bool { names.isEmpty && !isComplete }

    /// - Parameter name: in small letters.
    mutating func add(_ name: String) {
        if names.count < ProfileStore.mostCarried { names.insert(name) } else { isComplete = true }
    }

    mutating func addAll() { isComplete = true }

    /// What a change leaves in doubt even where it is rolled back: a custom setting is there from then on, and a role
    /// may have been taken back.
    mutating func add(_ change: SettingChange) {
        if let name = change.name, SessionSetting.isCustom(name) || SessionSetting.isRole(name) { add(name) }
    }

    /// The change may or may not hold.
    mutating func addWhole(_ change: SettingChange) {
        if let name = change.name { add(name) } else { isComplete = true }
    }

    /// How many names are taken from one text.
    private static let mostFound = 32

    /// What in a text could be the name of a custom setting: two words or more with dots between them, in small
    /// letters. What is none is asked for in vain.
    static func customNames(in text: String) -> [String] {
        var names: [String] = []
        var word: [UInt8] = []
        func end() {
            defer { word = [] }
            guard word.contains(UInt8(ascii: ".")), word.first != UInt8(ascii: "."), word.last != UInt8(ascii: "."),
                word.first.map({ $0 < UInt8(ascii: "0") || $0 > UInt8(ascii: "9") }) == true
            else { return }
            let name = String(decoding: word, as: UTF8.self)
            if names.count < mostFound, !names.contains(name) { names.append(name) }
        }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"),
                UInt8(ascii: "."), 0x80...0xFF:
                word.append(byte)
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): word.append(byte + 32)
            default: end()
            }
        }
        end()
        return names
    }
}
