/// Where reads of a certain kind run.
package enum ReadTarget: String, CaseIterable, Sendable {
    case primary
    case replica
}
