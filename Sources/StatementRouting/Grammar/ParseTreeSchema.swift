/// Which fields of which parse tree message hold a message in turn, so that a walk misses no child.
///
/// Messages are named by their field numbers in `Node` of pg_query.proto (PostgreSQL 15). A test compares the table
/// with the proto file that libpg-query-dev installs, and prints the text to put here where they differ.
enum ParseTreeSchema {
    /// Message numbers end below this.
    static let messageCount = 239
    /// Field numbers end below this.
    static let fieldCount = 41
    /// The number for a message of the type `Node` itself.
    static let node: UInt8 = 0
    /// What `child` answers for a field that holds no message.
    static let noMessage: UInt8 = 255

    /// For each message its number, then its fields: `8` is a Node, `6:1` the message of number 1.
    static let table: StaticString = """
        1 2;2 6:1;3 1 2 3 4 5 6 7 8 9 10;4 1;5 1;6 1 7 8 9 10 11 12;7 1 2 3 4;8 1 6 7;9 1 7 8 9 10;10 1 9;11 1 2;\
        12 1 8;13 1 8;14 1 8;15 1 8;16 1 3;17 1 4 5 6;18 1 3 4 13 14 15;19 1 2;20 1 2;21 1 2 3 4;22 1 2;23 1 2;\
        24 1 2 3;25 1 2;26 1 2;27 1 4 5 6;28 1 2 3;29 1;30 1 5;31 1 2 5;32 1 3 4 5 6 7;33 1 4;34 1 6;35 1;36 1 4 5 6;\
        37 1 2;38 1 2;39 1 2;40 1;41 1;42 1;43 1;44 1 2;45 1 2;47 3 4 5 6:1 7 8:1;48 1 2;49 2 3 5 6 8;50 1:2 2 4 7;\
        51 4 5 6;52 1;53 4 16 17 18:48 19 21 23:49 24 25 27 28 29 30 31 32 33 35 36 37 38;54 1:2 2 3 4:213 5 6:211;\
        55 1:2 2 3 4 5:211;56 1:2 2 3 4 5 6:211;57 1:2 2 3 4 5:211;\
        58 1 2:50 3 4 5 6 8 9 10 11 12 13 15 16:211 19:58 20:58;59 1;60 2 4:58;61 1:2 2;62 4:218 5;63 2 4;\
        64 3 4 5 6 7 8;65 4 5 6 8:218;66 1 2 5:218;67 1 2:65;69 1:2 3;70 1:2 2 3 7 8;71 1:2 2 3 4:222 5:221 6:190 7 8;\
        72 3 4 5;73 1;74 1;75 2;77 2:2 5 6 7 8 9;78 3 4 5:190 6 7;79 2:203 3;80 1;81 3:2 4;82 1:2 3 6;86 2;\
        87 1:2 2 3 5;89 1 2:190 3:182 4;90 2;91 3;92 1 2;93 1 2;94 1 2:50;95 1:2 2;96 1:2 2;97 3;\
        100 4:2 5 6 10 11 12 15:2;101 3 4 5;102 3;103 1:218 2;104 1;105 1;106 1;107 2:2 4;109 2:218 3;110 2;112 2:97;\
        113 1:218 3:97;114 1 4;115 1:190 2:190 3:203;116 1 2 4:190 5;117 1;118 1 4;119 2 3;120 2;122 3;123 2:218 4;\
        125 2:2 3 4:233;126 2:2 3;127 2:2 3 4:218;128 1:203 2;129 1 2;130 1;131 1 2:218;132 1:2 2;133 1 2;134 1 2;\
        135 1;136 1 2;137 2 3 4;138 2 3;139 2 3;140 6;141 3;142 1:218 4;143 1:218 3;144 1:218;145 2;146 3;147 2;\
        148 1:71 3;149 5 6;150 3;151 2;152 4;153 3 4;155 3:2;157 1:97;158 2:2 5 6 7;159 2:2 3 4 5;\
        160 2:190 4:203 5:203;161 2;162 2 3;163 2 3;164 3 4;165 4 5;167 1 2 3 4;168 1;169 1:174 2:10 3;170 1;171 2 3 4;\
        172 1;174 1 2 3 4 5:184;176 2 3;177 1 2;178 1;179 2 3;180 1;181 1 2:190;182 1 2;183 1 4;184 3 4 6 7;185 2 3:1;\
        186 4 5:1 6;187 1 2 3 4;188 2 3 4 5 6:1;189 2:190 5 6;190 1 5 7;191 2:190 9 10 12:2 14:182 16 17;192 2 4 5 6;\
        193 2;194 7 11 12 13 14 19 20:2 21 22 26 27;195 3;\
        196 5:198 6:53 10 11 12 13:1 14 16:3 17 21 22 23 26:1 27:1 37;197 1 3 4 5 6;198 2 3;199 4;201 2;202 3 4 6 7 8;\
        203 1 2 3;204 2;205 2:203 4 5 6:190;206 1:2;207 2:190 4;208 1;210 2 3:190;211 1;212 1 2;213 2:212 3 4;214 1;\
        215 1 3 4;216 2 4 5:214 6:215 10 11 12 13;217 4 5 6;220 2 3 4;221 2;222 5 6 7;223 2;224 1:2 2:222;225 1:2 3;\
        226 3:227;227 1:2 2 3;235 1;236 1;237 1;238 1:230 2:231 3:232 4:233 5:234;
        """

    /// The number of the message in `field` of `message`, or `noMessage`.
    @inline(__always)
    static func child(of message: UInt8, field: Int) -> UInt8 {
        if message == node { return field < messageCount ? UInt8(truncatingIfNeeded: field) : noMessage }
        return field < fieldCount ? children[Int(message) * fieldCount + field] : noMessage
    }

    /// `messageCount` rows of `fieldCount`. Never freed.
    nonisolated(unsafe) private static let children: UnsafePointer<UInt8> = {
        let children = UnsafeMutablePointer<UInt8>.allocate(capacity: messageCount * fieldCount)
        children.initialize(repeating: noMessage, count: messageCount * fieldCount)
        for row in table.description.split(separator: ";") {
            let words = row.split(separator: " ")
            let message = Int(words[0])!
            for word in words.dropFirst() {
                let parts = word.split(separator: ":")
                children[message * fieldCount + Int(parts[0])!] = parts.count == 2 ? UInt8(parts[1])! : node
            }
        }
        return UnsafePointer(children)
    }()
}
