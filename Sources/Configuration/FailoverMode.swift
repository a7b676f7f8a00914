/// What is done when the primary is lost.
package enum FailoverMode: String, CaseIterable, Sendable {
    case follow
    case promote
}
