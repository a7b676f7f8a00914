/// Why a client is not let in: the fields of the FATAL ErrorResponse that it gets, and a line for the log alone.
package struct AuthenticationFailure: Error, Sendable, Hashable {
    /// Five characters.
    package let sqlState: String
    package let message: String
    /// For the client.
    package let detail: String?
    /// For the client.
    package let hint: String?
    /// For the log and never for the client, who must not learn whether the user exists. Holds no secret.
    package let logDetail: String?

    init(sqlState: String, message: String, detail: String? = nil, hint: String? = nil, logDetail: String? = nil) {
        self.sqlState = sqlState
        self.message = message
        self.detail = detail
        self.hint = hint
        self.logDetail = logDetail
    }

    static func invalidPassword(user: [UInt8], logDetail: String) -> AuthenticationFailure {
        AuthenticationFailure(
            sqlState: "28P01",
            message: "password authentication failed for user \(quoted(user))",
            logDetail: logDetail
        )
    }

    static func wrongPassword(user: [UInt8]) -> AuthenticationFailure {
        .invalidPassword(user: user, logDetail: "Password does not match for user \(quoted(user)).")
    }

    static let emptyPassword = AuthenticationFailure(sqlState: "28P01", message: "empty password returned by client")

    static let channelBindingMismatch = AuthenticationFailure(
        sqlState: "28000",
        message: "SCRAM channel binding check failed",
        hint: "Client and proxy see different TLS certificates: look for something between them that ends TLS."
    )

    static let channelBindingStripped = AuthenticationFailure(
        sqlState: "28000",
        message: "SCRAM channel binding negotiation error",
        detail: "The client supports SCRAM channel binding but thinks the server does not. "
            + "However, this server does support channel binding."
    )

    static let md5Unavailable = AuthenticationFailure(
        sqlState: "28000",
        message: "md5 authentication is not possible here: OpenSSL does not allow MD5 on this machine",
        hint: "Set auth_type = scram-sha-256, with a plain password or a SCRAM verifier in auth_file."
    )

    static func protocolViolation(_ message: String, detail: String? = nil) -> AuthenticationFailure {
        AuthenticationFailure(sqlState: "08P01", message: message, detail: detail)
    }

    static func unsupported(_ message: String) -> AuthenticationFailure {
        AuthenticationFailure(sqlState: "0A000", message: message)
    }

    /// A user's name for a message. Names are bytes in an encoding that nobody has told; what is not UTF-8 is shown
    /// repaired.
    static func quoted(_ user: [UInt8]) -> String {
        "\"\(String(decoding: user, as: UTF8.self))\""
    }
}
