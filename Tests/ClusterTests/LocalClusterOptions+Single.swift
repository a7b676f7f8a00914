import LocalCluster

extension LocalClusterOptions {
    /// A primary without replicas.
    static var single: LocalClusterOptions {
        var options = LocalClusterOptions()
        options.replicas = 0
        return options
    }
}
