// swift-tools-version: 6.2
import PackageDescription

// The folder tree is the architecture: imports run downwards only. `make build` passes
// --explicit-target-dependency-import-check error, so an import that is not declared here does not build.

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableExperimentalFeature("Lifetimes"),
    .enableUpcomingFeature("ExistentialAny"),
    // One thread has an engine, and tests and fuzzing run with the checks: in the release build they would be a fifth
    // of what a query costs outside the kernel.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
    name: "howdah",
    products: [.executable(name: "howdah", targets: ["howdah"])],
    targets: [
        // System libraries: maps and static-inline shims, nothing else.
        .systemLibrary(name: "CPgQuery", providers: [.apt(["libpg-query-dev", "libprotobuf-c-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CIdn", pkgConfig: "libidn", providers: [.apt(["libidn-dev"])]),
        .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CJansson", pkgConfig: "jansson", providers: [.apt(["libjansson-dev"])]),
        // Compiled against libcurl4-openssl-dev, and linked to nothing: it loads libcurl when it is used.
        .target(name: "CCurl"),
        .target(name: "CLinux", linkerSettings: [.linkedLibrary("uring")]),

        // Data plane: pure modules, then the loops.
        module("ProxyTerms"),
        module("Bytes"),
        module("PostgresWire", ["Bytes"]),
        module("Authentication", ["ProxyTerms", "Bytes", "COpenSSL", "CIdn"]),
        module("StatementRouting", ["Bytes", "CPgQuery"]),
        module("ProxyCore", ["ProxyTerms", "Bytes", "PostgresWire", "Authentication", "StatementRouting"]),
        module("MonotonicTime"),
        module("EventIO", ["Bytes", "CLinux", "MonotonicTime"]),

        // Control plane and tools.
        module("Configuration", ["ProxyTerms"]),
        module(
            "Cluster",
            ["Bytes", "ProxyCore", "StatementRouting", "MonotonicTime", "CLibpq", "CLinux", "CJansson", "CCurl"]
        ),
        module("LocalCluster", ["CLinux"]),
        module(
            "ProxyServer",
            [
                "Bytes", "PostgresWire", "Authentication", "StatementRouting", "ProxyCore", "Configuration", "EventIO",
                "Cluster", "CLinux", "MonotonicTime",
            ]
        ),
        .executableTarget(
            name: "howdah",
            dependencies: ["ProxyServer", "LocalCluster", "Configuration", "CLinux"],
            swiftSettings: settings
        ),

        // Test support: virtual clock, network and model PostgreSQL around the engine.
        .target(
            name: "ProxySimulation",
            dependencies: ["ProxyCore", "ProxyTerms", "Bytes", "PostgresWire", "Authentication", "StatementRouting"],
            path: "Tests/ProxySimulation",
            swiftSettings: settings
        ),
        .target(name: "SeededRandom", path: "Tests/SeededRandom", swiftSettings: settings),
        .target(
            name: "SettingSamples",
            dependencies: ["Configuration"],
            path: "Tests/SettingSamples",
            swiftSettings: settings
        ),
        // What takes bytes from outside, as `make fuzz` and the tests of its corpus give it any.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "ProxySimulation", "ProxyTerms", "Bytes", "PostgresWire", "Authentication", "StatementRouting",
                "Configuration",
            ],
            path: "Tests/Fuzz/Targets",
            swiftSettings: settings
        ),
        .testTarget(
            name: "FuzzTests",
            dependencies: ["FuzzTargets"],
            path: "Tests/Fuzz/Tests",
            swiftSettings: settings
        ),
        tests("BytesTests", ["Bytes", "SeededRandom"]),
        tests("PostgresWireTests", ["PostgresWire", "Bytes", "SeededRandom"]),
        tests("AuthenticationTests", ["Authentication", "ProxyTerms", "Bytes", "SeededRandom"]),
        tests("StatementRoutingTests", ["StatementRouting", "Bytes", "SeededRandom"]),
        tests(
            "ProxyCoreTests",
            [
                "ProxyCore", "ProxySimulation", "ProxyTerms", "Bytes", "PostgresWire", "Authentication",
                "StatementRouting", "SeededRandom",
            ]
        ),
        tests("SimulationTests", ["ProxySimulation", "ProxyCore", "Bytes", "PostgresWire"]),
        tests("ConfigurationTests", ["Configuration", "ProxyTerms", "SeededRandom", "SettingSamples"]),
        tests("EventIOTests", ["EventIO", "Bytes", "CLinux", "MonotonicTime"]),
        tests(
            "ClusterTests",
            [
                "Cluster", "Bytes", "ProxyCore", "StatementRouting", "LocalCluster", "MonotonicTime", "SeededRandom",
                "CLibpq",
            ]
        ),
        tests("LocalClusterTests", ["LocalCluster", "LocalClusterHolder"]),
        .executableTarget(
            name: "LocalClusterHolder",
            dependencies: ["LocalCluster"],
            path: "Tests/LocalClusterHolder",
            swiftSettings: settings
        ),
        tests("ProxyServerTests", ["ProxyServer", "Configuration"]),
        tests("DemoTests", ["howdah", "LocalCluster"]),
        tests("DocsTests", []),
        tests("IntegrationTests", ["LocalCluster", "CLibpq", "SeededRandom", "Configuration", "SettingSamples"]),
        tests("DriverTests", []),
    ]
)

// libFuzzer brings its own main: the target links with -sanitize=fuzzer alone, as `make fuzz` builds it.
if Context.environment["HOWDAH_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "howdah-fuzz",
            dependencies: ["FuzzTargets"],
            path: "Tests/Fuzz/Fuzzer",
            swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]
        )
    )
}

// HOWDAH_TESTS names test targets: then nothing is built but these and what they need.
if let names = Context.environment["HOWDAH_TESTS"] {
    var needed: Set<String> = []
    var left = names.split(separator: " ").map(String.init)
    while let name = left.popLast() {
        guard needed.insert(name).inserted, let target = package.targets.first(where: { $0.name == name }) else {
            continue
        }
        for case .byNameItem(let dependency, _) in target.dependencies { left.append(dependency) }
    }
    package.products = []
    package.targets.removeAll { !needed.contains($0.name) }
}
