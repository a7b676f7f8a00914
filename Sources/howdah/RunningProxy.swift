/// A proxy that takes clients, as the demo needs it.
protocol RunningProxy {
    /// The port on 127.0.0.1 that it listens on.
    var port: UInt16 { get }
    /// Ends it; returns when its clients are disconnected and its port is free.
    func stop()
}
