// Holds a cluster until its standard input ends, for tests of what becomes of a cluster whose owner dies.
import Glibc
import LocalCluster

var options = LocalClusterOptions()
options.replicas = 1
do {
    let cluster = try LocalCluster.start(options) { print("step: \($0)") }
    print("directory: \(cluster.directory)")
    for node in cluster.nodes { print("port: \(node.port)") }
    print("started in \(cluster.startTime)")
    // Standard output is a pipe to the test, so nothing is seen of it before.
    fflush(nil)
    while readLine() != nil {}
    cluster.stop()
} catch {
    print("error: \(error)")
    fflush(nil)
    exit(1)
}
