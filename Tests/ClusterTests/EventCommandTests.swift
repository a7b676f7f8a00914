import Foundation
import ProxyCore
import Testing

@testable import Cluster

@Suite struct EventCommandTests {
    /// Lines, and a way to wait for them.
    private final class Lines: @unchecked Sendable {
        private let condition = NSCondition()
        private var lines: [String] = []

        func add(_ line: String) {
            condition.lock()
            lines.append(line)
            condition.broadcast()
            condition.unlock()
        }

        func wait(for count: Int) -> [String] {
            let end = Date(timeIntervalSinceNow: 60)
            condition.lock()
            defer { condition.unlock() }
            while lines.count < count, condition.wait(until: end) {}
            return lines
        }
    }

    private func command(_ text: String, timeout: Duration = .seconds(60), _ lines: Lines) -> EventCommand {
        EventCommand(EventCommand.Rule(command: text, timeout: timeout)) { lines.add($0) }
    }

    @Test func itKnowsTheFactsAndNoSecrets() {
        setenv("HOWDAH_MONITOR_PASSWORD", "secret", 1)
        defer { unsetenv("HOWDAH_MONITOR_PASSWORD") }
        let lines = Lines()
        let text = "echo $HOWDAH_EVENT $HOWDAH_NODE; echo \"$HOWDAH_REASON\" >&2; echo ${HOWDAH_MONITOR_PASSWORD-none}"
        let command = command(text, lines)
        defer { command.stop() }
        command.run(
            "down a",
            facts: [("HOWDAH_EVENT", "down"), ("HOWDAH_NODE", "a"), ("HOWDAH_REASON", "it's; $gone")]
        )
        #expect(
            lines.wait(for: 3) == [
                "on_event (down a): down a", "on_event (down a): it's; $gone", "on_event (down a): none",
            ]
        )
    }

    @Test func oneAfterTheOtherInOrder() {
        let lines = Lines()
        let command = command("echo begin $N; echo end $N; exit $N", lines)
        defer { command.stop() }
        for number in 0..<4 { command.run("\(number)", facts: [("N", "\(number)")]) }
        let expected = (0..<4).flatMap { number in
            ["begin \(number)", "end \(number)"] + (number == 0 ? [] : ["exit status \(number)"])
        }
        #expect(lines.wait(for: 11).map { String($0.drop { $0 != ":" }.dropFirst(2)) } == expected)
    }

    @Test func whatTakesTooLongIsKilledWithItsChildren() {
        let lines = Lines()
        let command = command("sleep 3600 & echo $!; wait", timeout: .milliseconds(300), lines)
        defer { command.stop() }
        command.run("up a", facts: [])
        let found = lines.wait(for: 2)
        #expect(found.last == "on_event (up a): was killed after on_event_timeout")
        let child = found.first.flatMap { $0.split(separator: " ").last }.flatMap { pid_t($0) } ?? 0
        #expect(child > 0)
        // Killed by now, and reaped by whoever is its parent then.
        let end = ContinuousClock.now + .seconds(60)
        while kill(child, 0) == 0, !isZombie(child), ContinuousClock.now < end { usleep(1000) }
        #expect(kill(child, 0) != 0 || isZombie(child))
    }

    private func isZombie(_ process: pid_t) -> Bool {
        let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        return text.split(separator: ")").last?.hasPrefix(" Z") ?? false
    }

    @Test func stoppingKillsWhatRunsAndForgetsTheRest() {
        let lines = Lines()
        let command = command("echo begun $N; sleep 3600", lines)
        command.run("1", facts: [("N", "1")])
        command.run("2", facts: [("N", "2")])
        _ = lines.wait(for: 1)
        command.stop()
        #expect(lines.wait(for: 2) == ["on_event (1): begun 1", "on_event (1): was killed: the proxy stops"])
    }

    @Test func anotherCommandIsForEventsFromThenOn() {
        let lines = Lines()
        let command = EventCommand(EventCommand.Rule(command: nil, timeout: .seconds(60))) { lines.add($0) }
        defer { command.stop() }
        command.run("0", facts: [])
        for text in ["echo first", "echo second"] {
            command.reconfigure(EventCommand.Rule(command: text, timeout: .seconds(60)))
            command.run(text, facts: [])
        }
        #expect(
            lines.wait(for: 2) == ["on_event (echo first): first", "on_event (echo second): second"]
        )
    }

    @Test func outputIsBounded() {
        let lines = Lines()
        let command = command("yes | head -n 100000; printf %05000d 7", lines)
        defer { command.stop() }
        command.run("up a", facts: [])
        command.run("done", facts: [])
        let found = lines.wait(for: 102)
        #expect(found.count { $0.hasPrefix("on_event (up a)") } == 101)
        #expect(found.allSatisfy { $0.utf8.count < 1100 })
    }

    @Test func eventsThatTellSomethingHaveFacts() {
        let seen = NodeObservation(role: .replica, version: 150_000)
        let failure = ProbeFailure.refused("Connection refused")
        let cases: [(ClusterEvent, EventFacts?)] = [
            (
                .node(name: "a", .lost(failure)),
                .init(kind: .down, node: "a", role: .unknown, reason: "Connection refused")
            ),
            (.node(name: "a", .returned(seen)), .init(kind: .up, node: "a", role: .replica, reason: "")),
            (.node(name: "a", .promoted), .init(kind: .promoted, node: "a", role: .primary, reason: "")),
            (.node(name: "a", .suspected(failure)), nil),
            (.lag(node: "a", .near), .init(kind: .fresh, node: "a", role: .replica, reason: "")),
            (.lag(node: "a", .behind(reason: "x")), .init(kind: .lagging, node: "a", role: .replica, reason: "x")),
            (.unfenced(node: "a", .replica), .init(kind: .unfenced, node: "a", role: .replica, reason: "")),
        ]
        for (event, facts) in cases { #expect(event.facts == facts) }
    }
}
