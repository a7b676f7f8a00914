import Bytes
import PostgresWire
import ProxyCore
import ProxySimulation
import Testing

/// A process may end while its clients and servers are in whatever state: what they hold goes back with the engine.
struct EngineEndTests {
    /// An engine with clients that wait, that are in the middle of a message, of a reply and of a log-in, dropped as
    /// it is.
    @Test(arguments: 0..<40)
    func anEngineIsDroppedInAnyState(seed: UInt64) {
        var simulation: Simulation? = Simulation(seed: seed &+ 5_000_000, isStormy: true)
        let buffers = simulation?.buffers
        simulation?.runSteps(50 + Int(seed) * 80)
        simulation = nil
        #expect(buffers?.bytesInUse == 0)
    }
}
