import Glibc

/// A program that runs to its end with its output collected, such as `initdb` or `psql`.
///
/// Several may run side by side: start them all, then `finish` each.
final class RunningProgram {
    private let name: String
    private let process: pid_t
    private let output: Descriptor
    private let error: Descriptor

    /// Starts the program in `directory`, as `account`, in an environment of its own: settings such as PGOPTIONS or
    /// PGSERVICE of the caller do not reach it.
    ///
    /// - Parameter input: the program's whole standard input.
    init(
        path: String,
        arguments: [String],
        input: String = "",
        directory: String,
        account: ServerAccount
    ) throws(LocalClusterError) {
        name = path.split(separator: "/").last.map(String.init) ?? path
        let outputPipe = try makePipe()
        output = Descriptor(number: outputPipe.reader)
        let outputWriter = Descriptor(number: outputPipe.writer)
        let errorPipe = try makePipe()
        error = Descriptor(number: errorPipe.reader)
        let errorWriter = Descriptor(number: errorPipe.writer)
        let inputFile = try makeMemoryFile(input)

        var launch = ChildLaunch(path: path, arguments: arguments, environment: Self.environment)
        launch.directory = directory
        launch.account = account
        launch.input = inputFile.number
        launch.output = .descriptors(output: outputWriter.number, error: errorWriter.number)
        process = try launch.spawn()
    }

    static let environment = ["PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"]

    /// Waits for the end and hands out the exit status, standard output and standard error.
    ///
    /// On an error the program has been killed.
    func finish(_ limit: WaitLimit) throws(LocalClusterError) -> (status: Int32, output: String, error: String) {
        var collected: [[UInt8]] = [[], []]
        var isOpen = [true, true]
        do throws(LocalClusterError) {
            while isOpen[0] || isOpen[1] {
                let numbers = [isOpen[0] ? output.number : -1, isOpen[1] ? error.number : -1]
                let ready = try limit.wait(for: numbers, subject: name)
                for index in 0..<2 where ready[index] {
                    isOpen[index] = try Self.collect(numbers[index], into: &collected[index])
                }
            }
        } catch {
            kill(process, SIGKILL)
            _ = waitForExit(process)
            throw error
        }
        let texts = collected.map { String(decoding: $0, as: UTF8.self) }
        return (waitForExit(process), texts[0], texts[1])
    }

    /// Waits for the end and hands out standard output.
    ///
    /// - Throws: `programFailed` with all that the program said where its status is not 0.
    func succeed(_ limit: WaitLimit) throws(LocalClusterError) -> String {
        let result = try finish(limit)
        guard result.status == 0 else {
            throw .programFailed(name: name, status: result.status, output: result.error + result.output)
        }
        return result.output
    }

    /// - Returns: whether there may be more to come.
    private static func collect(_ descriptor: Int32, into bytes: inout [UInt8]) throws(LocalClusterError) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 16_384)
        let count = read(descriptor, &chunk, chunk.count)
        if count < 0 {
            guard errno == EINTR else { throw .system(call: "read", code: errno) }
            return true
        }
        bytes.append(contentsOf: chunk[..<count])
        return count > 0
    }
}

/// Waits for a child of this process and hands out its exit status as a shell states it: 128 and the signal's number
/// where a signal ended it.
package func waitForExit(_ process: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 {
        guard errno == EINTR else { return -1 }
    }
    let signal = status & 0x7f
    return signal == 0 ? (status >> 8) & 0xff : 128 + signal
}
