import Authentication
import Cluster
import Configuration
import EventIO
import Glibc
import ProxyCore

/// A running proxy: its worker, the watch on the nodes, and the catalog's facts.
package final class ProxyServer: Sendable {
    private let log: Log
    private let control: ProxyControl
    // Set once in `init`; the worker's own state belongs to its thread.
    private nonisolated(unsafe) let worker: Worker
    private let plane: ControlPlane
    private let desk: ReloadDesk
    /// Where it listens, with the ports that were chosen.
    package let addresses: [String]
    /// The first TCP port that it listens on.
    package let port: UInt16

    /// Starts a proxy; clients are taken when this returns.
    /// - Parameters:
    ///   - configuration: what has been read from `source`.
    ///   - source: what a reload reads again.
    /// - Throws: `ProxyStartError` with a message fit for the user.
    package init(_ configuration: Configuration, from source: ConfigurationSource) throws(ProxyStartError) {
        let proxy = configuration.proxy
        let log = Log(proxy)
        self.log = log
        let control = ProxyControl(log: log, whyNoSwitchover: Self.whyNoSwitchover(proxy))
        self.control = control
        let clock = SampleClock()
        let lease = proxy.coordination.mode == .etcd ? WriteLease() : nil
        let settings = try WorkerSettings(configuration)
        let engine = Self.engine(settings.engine, Topology(unasked: MonitoredNode.all(of: configuration)))
        do {
            worker = try Worker(engine: engine, settings, clock: clock, control: control, lease: lease)
        } catch {
            throw ProxyStartError("could not start the event loop: \(error)")
        }
        let bound = try Self.listen(worker, proxy.listen)
        addresses = bound.map(\.description)
        port = bound.first { !$0.isUnix }?.port ?? 0
        plane = ControlPlane(
            configuration,
            coordination: Self.coordination(proxy, lease, port),
            in: ControlPlane.Surroundings(worker: worker.mailbox, control: control, log: log, clock: clock)
        )
        desk = ReloadDesk(configuration, from: source, plane: plane, worker: worker.mailbox, log: log)
        control.connect(plane, desk)
        start(within: proxy.nodeCheckTimeout + .seconds(1))
    }

    /// - Parameter limit: for the first look at the nodes.
    private func start(within limit: Duration) {
        log.write(.info, "listening on \(addresses.joined(separator: ", ")); event loop: \(worker.ioMethod)")
        plane.start()
        // The first clients should not find all nodes unknown; a node that does not answer keeps nobody waiting for
        // long.
        _ = plane.monitor.waitUntilKnown(timeout: limit)
        worker.start(ended: { [control] in control.workerEnded() })
    }

    /// Reads the settings again, away from the calling thread, and puts them into effect; what comes of it goes to the
    /// log.
    package func reload() { desk.signalCame() }

    /// Lets transactions end, `grace` at most, and stops.
    package func stop(grace: Duration) {
        log.write(.info, "stopping")
        worker.mailbox.post(.drain)
        control.waitUntilDrained(grace)
        worker.stop()
        control.waitUntilEnded()
        plane.stop()
        // What has been said last must not go with the process; whoever does not read gets no more than this.
        log.flush(within: .seconds(1))
    }

    // MARK: Parts

    private static func engine(_ configuration: EngineConfiguration, _ topology: Topology) -> Engine {
        Engine(
            configuration,
            environment: Engine.Environment(
                seed: randomSeed(),
                version: Version.text,
                clockOffset: EngineSettings.clockOffset(),
                randomBytes: randomBytes
            ),
            topology: topology
        )
    }

    /// Nil where the console's SWITCHOVER moves the primary.
    private static func whyNoSwitchover(_ proxy: ProxySettings) -> String? {
        if proxy.coordination.mode == .etcd {
            return "coordination = etcd: other proxies do not know of a planned one; to move the primary, stop it"
        }
        return proxy.discovery.mode == .patroni ? "Patroni decides: use patronictl switchover" : nil
    }

    private static func coordination(
        _ proxy: ProxySettings,
        _ lease: WriteLease?,
        _ port: UInt16
    ) -> CoordinationOptions? {
        lease.map { CoordinationOptions(proxy, lease: $0, port: port) }
    }

    private static func listen(_ worker: Worker, _ settings: ListenSettings) throws(ProxyStartError) -> [SocketAddress]
    {
        var bound: [SocketAddress] = []
        var port = UInt16(settings.port)
        do throws(ListenFailure) {
            for host in settings.addresses {
                let addresses = try worker.listen(on: .tcp(host: host, port: port), backlog: settings.backlog)
                bound += addresses
                if port == 0, let chosen = addresses.first?.port { port = chosen }
            }
            if let directory = settings.unixSocketDirectory {
                let path = "\(directory)/.s.PGSQL.\(port)"
                bound += try worker.listen(on: .unix(path: path, mode: 0o777), backlog: settings.backlog)
            }
        } catch {
            throw ProxyStartError(error.description)
        }
        return bound
    }

    private static func randomBytes(_ count: Int) -> [UInt8] {
        var source = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &source) }
    }

    private static func randomSeed() -> UInt64 {
        randomBytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// Why a proxy could not start, in words for the user.
package struct ProxyStartError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
