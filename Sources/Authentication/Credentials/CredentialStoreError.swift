/// Why auth_file could not be read. Names lines and never secrets.
package struct CredentialStoreError: Error, Sendable, Hashable {
    package enum Problem: Sendable, Hashable {
        case userNotQuoted
        case secretMissing
        case quoteNotClosed
        case userEmpty
        case zeroByte
        case damagedVerifier
        case duplicateUser([UInt8], firstLine: Int)
    }

    /// From 1.
    package let line: Int
    package let problem: Problem
}

extension CredentialStoreError: CustomStringConvertible {
    package var description: String {
        let text =
            switch problem {
            case .userNotQuoted:
                "a line is \"user\" \"secret\", both in double quotes, or a comment that begins with ; or #"
            case .secretMissing:
                "the secret in double quotes is missing behind the user"
            case .quoteNotClosed:
                "a double quote is not closed on its line (a double quote inside a value is written twice)"
            case .userEmpty:
                "the user is empty"
            case .zeroByte:
                "a value contains a zero byte"
            case .damagedVerifier:
                "the secret begins as a SCRAM verifier but is not of the form "
                    + "SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>: "
                    + "copy rolpassword of pg_authid unchanged"
            case .duplicateUser(let user, let firstLine):
                "user \(AuthenticationFailure.quoted(user)) is already on line \(firstLine): remove one of the two"
            }
        return "line \(line): \(text)"
    }
}
