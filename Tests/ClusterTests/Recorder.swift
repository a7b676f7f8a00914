import Foundation

@testable import Cluster

/// Keeps what a monitor or a loader says, and waits for what it is to say.
final class Recorder: @unchecked Sendable {
    private let condition = NSCondition()
    private var views: [ClusterView] = []
    private var events: [ClusterEvent] = []
    private var rows: [String: CatalogRows] = [:]
    private var loads = 0

    /// Long enough for a busy machine; a test that is right never waits for its end.
    private static let limit: TimeInterval = 60

    struct NeverHappened: Error, CustomStringConvertible {
        let description: String
    }

    func publish(_ view: ClusterView) { change { views.append(view) } }

    func log(_ event: ClusterEvent) { change { events.append(event) } }

    func load(_ database: String, _ new: CatalogRows) {
        change {
            rows[database] = new
            loads += 1
        }
    }

    private func change(_ body: () -> Void) {
        condition.lock()
        body()
        condition.broadcast()
        condition.unlock()
    }

    var loadCount: Int { condition.withLock { loads } }

    var allEvents: [ClusterEvent] { condition.withLock { events } }

    @discardableResult
    func waitForView(_ what: String, _ test: (ClusterView) -> Bool) throws -> ClusterView {
        try wait(what) { views.last.flatMap { test($0) ? $0 : nil } }
    }

    /// - Parameter mark: a count of events, as by `allEvents`, that came before and do not matter.
    @discardableResult
    func waitForEvent(_ what: String, after mark: Int = 0, _ test: (ClusterEvent) -> Bool) throws -> ClusterEvent {
        try wait(what) { events.dropFirst(mark).first(where: test) }
    }

    @discardableResult
    func waitForRows(_ database: String, _ what: String, _ test: (CatalogRows) -> Bool) throws -> CatalogRows {
        try wait(what) { rows[database].flatMap { test($0) ? $0 : nil } }
    }

    private func wait<T>(_ what: String, _ body: () -> T?) throws -> T {
        let end = Date(timeIntervalSinceNow: Self.limit)
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let found = body() { return found }
            if !condition.wait(until: end) {
                throw NeverHappened(description: "\(what); last view: \(views.last as Any); events: \(events)")
            }
        }
    }
}
