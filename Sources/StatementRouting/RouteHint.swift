/// A route asked for in a comment: `/* howdah: primary */` or `-- howdah: replica`. Where both are asked for,
/// primary wins, since it is always right.
package enum RouteHint: UInt8, Sendable, BitwiseCopyable {
    case none
    case replica
    case primary
}
