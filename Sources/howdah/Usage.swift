import ProxyServer

enum Usage {
    static func print() {
        Swift.print(
            """
            howdah \(Version.text): a read/write-splitting proxy for PostgreSQL

            usage: howdah [run] -c proxy.conf
                   howdah [run] --node 'host=a port=5432' --node 'host=b' ...
                   howdah demo [--port 6432] [--replicas 2] [--exec 'COMMAND']
                   howdah --help | --version

            run   takes clients on listen_port (6432), sends writes to the primary and reads to replicas.
                  Nodes are named by connection string or URI; which of them is primary is found out.
                  Every setting can come from the environment: HOWDAH_LISTEN_PORT=6000, HOWDAH_AUTH_FILE=...
                  See proxy.conf.example and docs/CONFIGURATION.md.
            demo  starts a throw-away primary with replicas from the installed PostgreSQL, and Howdah in front.
            """
        )
    }
}
