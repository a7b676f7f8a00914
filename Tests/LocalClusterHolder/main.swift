// Holds a cluster until its standard input ends, for tests of what becomes of a cluster whose owner dies.
import Glibc
import LocalCluster

/// Prints a line so that a pipe has it at once.
func say(_ line: String) {
    print(line)
    fflush(nil)
}

var options = LocalClusterOptions()
options.replicas = 1
do {
    let cluster = try LocalCluster.start(options) { say("step: \($0)") }
    say("directory: \(cluster.directory)")
    say("started in \(cluster.startTime)")
    while readLine() != nil {}
    cluster.stop()
} catch {
    say("error: \(error)")
    exit(1)
}
