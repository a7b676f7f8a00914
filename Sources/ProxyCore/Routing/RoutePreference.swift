/// Where a session, a pool or a hint wants statements to run.
package enum RoutePreference: UInt8, Sendable {
    case auto
    case primary
    case replica
}
