import Glibc
import ProxyServer

/// The command: `howdah [run | demo] …`; `run` where no subcommand is given.
let arguments = Array(CommandLine.arguments.dropFirst())

switch arguments.first {
case "--help", "-h", "help":
    Usage.print()
    exit(0)
case "--version":
    print("howdah \(Version.text)")
    exit(0)
case "demo":
    exit(
        runDemo(arguments: Array(arguments.dropFirst())) { nodes, port in
            try DemoProxy(nodes: nodes, port: port)
        }
    )
case "run":
    exit(RunCommand.run(Array(arguments.dropFirst())))
default:
    exit(RunCommand.run(arguments))
}
