/// The users and secrets of auth_file, a file in the form of PgBouncer's `userlist.txt`:
///
///     ; a comment, as is a line that begins with #
///     "user" "plain password, or md5…, or SCRAM-SHA-256$…"
///
/// A double quote inside a value is written twice; what follows the two values on a line is not looked at. Users are
/// bytes and compared as such: two spellings of one accented letter are two users, as in PostgreSQL.
package struct CredentialStore: Sendable {
    private let credentials: [[UInt8]: Credential]
    private let commonMethod: CredentialLookup.CommonMethod

    /// 32 bytes that nobody knows who does not know the store's text, and that stay the same as long as the text does:
    /// over restarts, and in every process that reads it. For `ClientAuthenticator`.
    package let serverSecret: Secret

    /// A store without users.
    package static let empty = CredentialStore(entries: [:], text: [])

    /// From the text of the file.
    package init(parsing text: [UInt8]) throws(CredentialStoreError) {
        var entries: [[UInt8]: (credential: Credential, line: Int)] = [:]
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let content = text.starts(with: byteOrderMark) ? text.dropFirst(3) : text[...]
        for (index, line) in content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
        {
            let number = index + 1
            guard let (user, credential) = try Self.entry(line, number: number) else { continue }
            if let first = entries[user] {
                throw CredentialStoreError(line: number, problem: .duplicateUser(user, firstLine: first.line))
            }
            entries[user] = (credential, number)
        }
        self.init(entries: entries.mapValues(\.credential), text: text)
    }

    package var userCount: Int { credentials.count }

    /// The secret of `user`; nil where the store does not have the user.
    package func credential(for user: [UInt8]) -> Credential? {
        credentials[user]
    }

    /// What `ClientAuthenticator` wants to know of `user`.
    package func lookup(_ user: [UInt8]) -> CredentialLookup {
        CredentialLookup(credential: credentials[user], commonMethod: commonMethod)
    }

    private init(entries: [[UInt8]: Credential], text: [UInt8]) {
        credentials = entries
        var scramCount = 0
        for case .scram in entries.values { scramCount += 1 }
        commonMethod = scramCount * 2 >= entries.count ? .scram : .md5
        serverSecret = Secret(Digest.hmacSHA256(key: Array("howdah mock authentication".utf8), message: text))
    }

    private static func entry(
        _ line: ArraySlice<UInt8>,
        number: Int
    ) throws(CredentialStoreError) -> (user: [UInt8], credential: Credential)? {
        var rest = line.drop(while: isWhiteSpace)
        guard let first = rest.first, first != UInt8(ascii: ";"), first != UInt8(ascii: "#") else { return nil }
        guard let user = try quotedValue(&rest, line: number) else {
            throw CredentialStoreError(line: number, problem: .userNotQuoted)
        }
        guard !user.isEmpty else { throw CredentialStoreError(line: number, problem: .userEmpty) }
        rest = rest.drop(while: isWhiteSpace)
        guard let secret = try quotedValue(&rest, line: number) else {
            throw CredentialStoreError(line: number, problem: .secretMissing)
        }
        guard let credential = Credential(parsing: secret) else {
            throw CredentialStoreError(line: number, problem: .damagedVerifier)
        }
        return (user, credential)
    }

    /// Takes a value in double quotes off the front of `rest`; nil where there is none.
    private static func quotedValue(
        _ rest: inout ArraySlice<UInt8>,
        line: Int
    ) throws(CredentialStoreError) -> [UInt8]? {
        let quote = UInt8(ascii: "\"")
        guard rest.first == quote else { return nil }
        rest = rest.dropFirst()
        var value: [UInt8] = []
        while let end = rest.firstIndex(of: quote) {
            value += rest[..<end]
            rest = rest[(end + 1)...]
            if rest.first != quote {
                if value.contains(0) { throw CredentialStoreError(line: line, problem: .zeroByte) }
                return value
            }
            value.append(quote)
            rest = rest.dropFirst()
        }
        throw CredentialStoreError(line: line, problem: .quoteNotClosed)
    }

    private static func isWhiteSpace(_ character: UInt8) -> Bool {
        character == UInt8(ascii: " ") || (0x09...0x0D).contains(character)
    }
}

extension CredentialStore: CustomStringConvertible, CustomReflectable {
    package var description: String { "CredentialStore(\(userCount) users)" }
    package var customMirror: Mirror { Mirror(self, children: ["userCount": userCount]) }
}
