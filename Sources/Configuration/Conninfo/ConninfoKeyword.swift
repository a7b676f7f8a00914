/// Keywords of a connection string that Howdah honours (PostgreSQL documentation, 34.1.2), and `weight`, its own.
enum ConninfoKeyword: String, CaseIterable {
    case host
    case hostaddr
    case port
    case user
    case password
    case dbname
    case sslmode
    case gssencmode
    case weight

    /// `mayShow` is false where the text could be a piece of a password.
    static func named(_ text: String, mayShow: Bool) throws(Conninfo.ParseError) -> ConninfoKeyword {
        if let keyword = ConninfoKeyword(rawValue: text) { return keyword }
        guard mayShow else {
            throw Conninfo.ParseError("an unknown keyword after the password; a password with blanks needs quotes")
        }
        throw Conninfo.ParseError(reason(text))
    }

    private static func reason(_ text: String) -> String {
        switch text {
        case "target_session_attrs": "target_session_attrs is not needed, for roles are discovered; leave it out"
        case "load_balance_hosts": "load_balance_hosts is not needed, for reads are balanced by weight; leave it out"
        case "connect_timeout": "connect_timeout is the setting server_connect_timeout of [proxy]; leave it out here"
        case "application_name", "fallback_application_name", "options", "client_encoding", "replication":
            "\(text) is each client's own and passed on from it; leave it out"
        case "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout":
            "\(text) is given by the tcp_… settings of [proxy]; leave it out"
        case "passfile": "passfile is not read; give password= or monitor_password"
        case "service", "servicefile": "service files are not read; give host= and port="
        case _ where text.hasPrefix("ssl") || text == "channel_binding" || text == "requiressl":
            "\(text) cannot be honoured: there is no TLS to nodes yet; leave it out"
        default:
            "unknown keyword \(text.quotedForMessage)"
                + (NearestName.of(text, among: allCases.map(\.rawValue)).map { "; did you mean \"\($0)\"?" } ?? "")
        }
    }
}
