import Authentication
import Cluster
import EventIO
import ProxyCore

/// What other threads tell a worker.
enum WorkerMessage: Sendable {
    case cluster(ClusterView)
    case freshness(FreshnessReport)
    case catalog(database: String, DatabaseCatalog)
    /// What has been said of this catalog is right for all changes up to this one.
    case catalogSettled(database: String, change: UInt64)
    /// No connection of the control plane's to it is left.
    case catalogVacated(database: String)
    case loginsChanged(LoginChange)
    /// With why it came to nothing, where it has.
    case switchoverEnded(failure: String?)
    case keyDerived(PeerToken, SaltedPasswordRequest, SaltedPassword)
    /// Let clients finish what they are in the middle of, and take no new ones.
    case drain
}
