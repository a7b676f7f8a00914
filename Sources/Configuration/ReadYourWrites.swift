/// Which writes a session's reads must see.
package enum ReadYourWrites: String, CaseIterable, Sendable {
    case session
    case global
    case eventual
}
