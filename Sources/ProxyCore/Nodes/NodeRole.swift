/// What a node is, as it says itself (`pg_is_in_recovery()`); never what a configuration says.
package enum NodeRole: UInt8, Sendable, BitwiseCopyable {
    case unknown
    case primary
    case replica
}
