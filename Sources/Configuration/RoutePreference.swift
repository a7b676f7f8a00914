/// What `howdah.route` is at the start of a session.
package enum RoutePreference: String, CaseIterable, Sendable {
    case auto
    case primary
    case replica
}
