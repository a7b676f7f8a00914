@testable import LocalCluster

extension LocalCluster {
    /// From here on a commit is on one of the replicas before it is acknowledged, whichever node is the primary.
    func commitSynchronously() throws {
        for node in nodes {
            try node.appendConfiguration(["synchronous_standby_names = 'ANY 1 (*)'"])
            try node.reload()
        }
        for node in nodes {
            try node.wait(
                for: "current_setting('synchronous_standby_names') <> ''",
                subject: "\(node.name) to read its configuration"
            )
        }
    }
}
