import CLinux
import Glibc
import MonotonicTime

/// One run of a command. Everything belongs to the calling thread, which waits for its end.
struct EventProcess {
    /// Lines of output that are logged; what comes after is read and dropped.
    private static let lineLimit = 100
    private static let lineLength = 1000

    private let command: String
    private let environment: [String]

    init(command: String, environment: [String]) {
        self.command = command
        self.environment = Self.inherited() + environment
    }

    /// Runs the command and waits for its end.
    ///
    /// - Parameters:
    ///   - mailbox: its stop ends the command.
    ///   - log: each line of output, and how it ended if not well.
    func run<Message>(timeout: Duration, until mailbox: Mailbox<Message>, log: (String) -> Void) {
        var ends: [Int32] = [-1, -1]
        guard howdah_pipe(&ends) == 0 else { return log("no descriptor is left for its output") }
        defer { close(ends[0]) }
        let (process, failure) = spawn(output: ends[1])
        close(ends[1])
        guard failure == 0 else { return log("could not be started: \(String(cString: strerror(failure)))") }
        let handle = howdah_process_descriptor(process)
        guard handle >= 0 else {
            // Without a way to wait within limits it does not run.
            kill(-process, SIGKILL)
            _ = Self.wait(process)
            return log("could not be watched: \(String(cString: strerror(-handle)))")
        }
        defer { close(handle) }
        let reason = attend(process: handle, output: ends[0], timeout: timeout, until: mailbox, log: log)
        if reason != nil { kill(-process, SIGKILL) }
        let status = Self.wait(process)
        if let reason {
            log(reason)
        } else if status != 0 {
            log(Self.words(status))
        }
    }

    /// Waits for the process's end, and logs what it prints.
    ///
    /// - Returns: why it is to be killed; nil where it has ended.
    private func attend<Message>(
        process: Int32,
        output: Int32,
        timeout: Duration,
        until mailbox: Mailbox<Message>,
        log: (String) -> Void
    ) -> String? {
        let deadline = MonotonicClock.now &+ timeout.microseconds
        var lines = LineSplitter(limit: Self.lineLimit, length: Self.lineLength)
        defer { lines.finish(log) }
        var isOpen = true
        while true {
            if mailbox.isStopped { return "was killed: the proxy stops" }
            var descriptors = [
                pollfd(fd: process, events: Int16(POLLIN), revents: 0),
                pollfd(fd: isOpen ? output : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: mailbox.bell.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            _ = poll(&descriptors, nfds_t(descriptors.count), MonotonicClock.pollTimeout(until: deadline))
            if descriptors[1].revents != 0 { isOpen = lines.read(output, log) }
            if descriptors[0].revents != 0 {
                // What it printed last may lie in the pipe; one that it has left behind may hold that open.
                while isOpen, Self.isReadable(output) { isOpen = lines.read(output, log) }
                return nil
            }
            if MonotonicClock.now >= deadline { return "was killed after on_event_timeout" }
            // Events that came are taken when this one is over; only a stop matters now.
            if descriptors[2].revents != 0, !mailbox.isStopped { mailbox.bell.answer() }
        }
    }

    private static func isReadable(_ descriptor: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) == 1 && entry.revents & Int16(POLLIN) != 0
    }

    private static func wait(_ process: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return status
    }

    private func spawn(output: Int32) -> (process: pid_t, failure: Int32) {
        let words: [String] = ["sh", "-c", command]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var process: pid_t = 0
        let failure = "/bin/sh".withCString { path in
            var child = howdah_child()
            child.path = path
            child.input = -1
            child.output = output
            child.error = output
            child.placement = howdah_own_session
            return arguments.withUnsafeMutableBufferPointer { arguments in
                variables.withUnsafeMutableBufferPointer { variables in
                    child.arguments = UnsafePointer(arguments.baseAddress!)
                    child.environment = UnsafePointer(variables.baseAddress!)
                    return howdah_spawn(&child, &process)
                }
            }
        }
        return (process, failure)
    }

    private static func inherited() -> [String] {
        var found: [String] = []
        var entry = environ
        while let text = entry.pointee {
            let variable = String(cString: text)
            if !variable.hasPrefix("HOWDAH_") { found.append(variable) }
            entry += 1
        }
        return found
    }

    private static func words(_ status: Int32) -> String {
        let signal = status & 0x7F
        return signal == 0 ? "exit status \((status >> 8) & 0xFF)" : "ended by signal \(signal)"
    }
}
