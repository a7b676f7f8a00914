/// Where a node listens.
package enum NodeAddress: Sendable, Hashable {
    /// A host name or a numeric address; names are resolved by the control plane before a worker connects.
    case tcp(host: String, port: UInt16)
    /// The directory of the socket and the port that names it, as libpq has it.
    case unix(directory: String, port: UInt16)
}
