import Testing

@testable import howdah

struct DemoArgumentsTests {
    @Test func defaultsAndEveryOption() {
        #expect(DemoArguments.parse([]) == .demo(DemoArguments(port: 6432, replicas: 2, command: nil)))
        #expect(
            DemoArguments.parse(["--port", "0", "--replicas", "3", "--exec", "a --port 1"])
                == .demo(DemoArguments(port: 0, replicas: 3, command: "a --port 1"))
        )
        #expect(
            DemoArguments.parse(["--exec=x=y", "--port=65535", "--replicas=0"])
                == .demo(DemoArguments(port: 65535, replicas: 0, command: "x=y"))
        )
        let settings = ["--node-setting", "wal_level = logical", "--node-setting=work_mem=1MB"]
        #expect(
            DemoArguments.parse(settings)
                == .demo(DemoArguments(nodeSettings: ["wal_level = logical", "work_mem=1MB"]))
        )
        #expect(DemoArguments.parse(["--port", "0", "--help"]) == .help)
        #expect(DemoArguments.parse(["-h"]) == .help)
    }

    @Test(arguments: [
        (["--port"], "--port wants a value"),
        (["--port", "65536"], "--port wants a number from 0 to 65535, not '65536'"),
        (["--port="], "--port wants a number from 0 to 65535, not ''"),
        (["--replicas", "-1"], "--replicas wants a number from 0 to 8, not '-1'"),
        (["--replicas", "9"], "--replicas wants a number from 0 to 8, not '9'"),
        (["--node-setting", "fsync"], "--node-setting wants 'NAME = VALUE', not 'fsync'"),
        (["--node-setting", "a = 1\nb"], "--node-setting wants 'NAME = VALUE', not 'a = 1\nb'"),
        (["--exec", ""], "--exec wants a command"),
        (["--node", "a"], "unknown option '--node'"),
        (["psql"], "unknown argument 'psql'"),
    ])
    func wrongArgumentsAreNamed(arguments: [String], complaint: String) {
        #expect(DemoArguments.parse(arguments) == .wrong(complaint))
    }
}
