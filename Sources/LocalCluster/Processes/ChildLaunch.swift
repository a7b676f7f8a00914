import CLinux
import Glibc

/// What a child process is started with.
package struct ChildLaunch {
    /// Where a child stands towards the terminal and its signals.
    package enum Placement {
        /// In the caller's process group: what the terminal sends reaches both.
        case sameGroup
        /// Leads a process group of its own, in the caller's session.
        case ownGroup
        /// Leads a session of its own: nothing that the terminal sends reaches it.
        case ownSession
    }

    /// Where standard output and standard error go.
    package enum Output {
        /// Two open descriptors; -1 is /dev/null.
        case descriptors(output: Int32, error: Int32)
        /// Both are appended to a file, which the child's user opens.
        case file(String)
    }

    let path: String
    let arguments: [String]
    let environment: [String]
    var directory: String?
    var account: ServerAccount = .caller
    var input: Int32 = -1
    var output: Output = .descriptors(output: -1, error: -1)
    var placement: Placement = .ownSession

    /// A launch of `path` as the caller's own user, with the caller's standard descriptors.
    ///
    /// - Parameters:
    ///   - arguments: what follows the program's name.
    ///   - environment: the whole environment, as `NAME=value`.
    package init(path: String, arguments: [String], environment: [String], placement: Placement) {
        self.init(path: path, arguments: arguments, environment: environment)
        self.placement = placement
        input = STDIN_FILENO
        output = .descriptors(output: STDOUT_FILENO, error: STDERR_FILENO)
    }

    init(path: String, arguments: [String], environment: [String]) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
    }

    /// Starts the child, which inherits no descriptor but the three named here, and default signals.
    ///
    /// - Returns: the process id, which stays the caller's to wait for.
    package func spawn() throws(LocalClusterError) -> pid_t {
        var child = howdah_child()
        child.input = input
        switch output {
        case .descriptors(let output, let error):
            child.output = output
            child.error = error
        case .file: break
        }
        switch account {
        case .caller: child.changes_user = 0
        case .other(let user, let group, _):
            child.changes_user = 1
            child.user = user
            child.group = group
        }
        switch placement {
        case .sameGroup: child.placement = howdah_same_group
        case .ownGroup: child.placement = howdah_own_group
        case .ownSession: child.placement = howdah_own_session
        }

        var process: pid_t = 0
        let failure = withCStrings([path] + arguments) { arguments in
            withCStrings(environment) { environment in
                withOptionalCString(directory) { directory in
                    withOptionalCString(outputPath) { outputPath in
                        path.withCString { path in
                            child.path = path
                            child.arguments = arguments
                            child.environment = environment
                            child.directory = directory
                            child.output_path = outputPath
                            return howdah_spawn(&child, &process)
                        }
                    }
                }
            }
        }
        guard failure == 0 else { throw .system(call: "start of \(path)", code: failure) }
        return process
    }

    private var outputPath: String? {
        switch output {
        case .file(let path): path
        case .descriptors: nil
        }
    }
}

private func withOptionalCString<R>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> R) -> R {
    guard let text else { return body(nil) }
    return text.withCString(body)
}

/// Lends a null-terminated array of C strings.
private func withCStrings<R>(_ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R) -> R {
    var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
    pointers.append(nil)
    defer { pointers.forEach { free($0) } }
    return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
}
