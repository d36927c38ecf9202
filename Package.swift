// swift-tools-version: 6.2
// Part of Tillbridge. See LICENSE.
import PackageDescription

// Settings of every target of ours. Warnings are errors; the upcoming features are those Swift 7 makes the default.
var strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

// `./run fuzz` names libFuzzer's runtime here: then our targets, and no dependency, are compiled for it.
let fuzzer = Context.environment["TILLBRIDGE_LIBFUZZER"]
if fuzzer != nil { strict.append(.unsafeFlags(["-sanitize=fuzzer"])) }

// Tests are compiled plainly: optimising them takes longer than they run. What they test is the release build.
let tests = strict + [.unsafeFlags(["-Onone"])]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS: Target.Dependency = .product(name: "HummingbirdTLS", package: "hummingbird")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioConcurrency: Target.Dependency = .product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let mustache: Target.Dependency = .product(name: "Mustache", package: "swift-mustache")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let asyncHTTPClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "tillbridge",
    products: [
        .executable(name: "tillbridge", targets: ["tillbridge"]),
        .executable(name: "tillbridge-plugin", targets: ["tillbridge-plugin"]),
        .executable(name: "tillbridge-simulate", targets: ["tillbridge-simulate"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", exact: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", exact: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        // The pure targets: standard library only, compiled for the plug-in as Embedded Swift as well.
        .target(name: "TillDomain", swiftSettings: strict),
        .target(name: "TillProtocol", dependencies: ["TillDomain"], swiftSettings: strict),
        .target(name: "TillEngine", dependencies: ["TillDomain", "TillProtocol"], swiftSettings: strict),
        // What cashiers read: the plug-in's sentences, which the console lists.
        .target(name: "TillCashier", dependencies: ["TillDomain", "TillEngine"], swiftSettings: strict),

        // The plug-in: C doors to the operating system and to TLS, the shell, the executable.
        .target(name: "CPlatform"),
        .target(
            name: "CTLS",
            linkerSettings: [
                .linkedLibrary(":libmbedtls.a"), .linkedLibrary(":libmbedx509.a"), .linkedLibrary(":libmbedcrypto.a"),
            ]
        ),
        .target(
            name: "TillPlugin",
            dependencies: ["TillDomain", "TillProtocol", "TillEngine", "TillCashier", "CPlatform", "CTLS"],
            swiftSettings: strict
        ),
        .executableTarget(name: "tillbridge-plugin", dependencies: ["TillPlugin"], swiftSettings: strict),

        // Wallet adapters: request out, answer in, no I/O.
        .target(
            name: "TillWallets",
            dependencies: ["COpenSSL", "CZlib", "TillDomain", "TillEngine", crypto, cryptoExtras],
            swiftSettings: strict
        ),
        .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),

        // Storage: one contract, its backends.
        .target(name: "TillStore", dependencies: ["TillDomain", "TillProtocol", "TillEngine"], swiftSettings: strict),
        .target(
            name: "TillStoreSQLite",
            dependencies: ["TillDomain", "TillProtocol", "TillEngine", "TillStore", grdb],
            swiftSettings: strict
        ),

        // Tasks on the threads of the event loops.
        .target(name: "TillLoops", dependencies: [nioCore, nioPosix], swiftSettings: strict),

        // The shells of the services.
        .target(
            name: "TillProxy",
            dependencies: [
                "TillDomain", "TillProtocol", "TillEngine", nioCore, nioPosix, nioHTTP1, nioConcurrency, nioTLS,
                nioSSL, logging, lifecycle,
            ],
            swiftSettings: strict
        ),
        .target(
            name: "TillCloud",
            dependencies: [
                "TillDomain", "TillProtocol", "TillEngine", "TillWallets", "TillStore", "TillLoops", hummingbirdCore,
                hummingbirdTLS, asyncHTTPClient, nioCore, nioPosix, nioHTTP1, nioTLS, nioSSL, crypto, cryptoExtras,
                x509, asn1, logging, lifecycle,
            ],
            swiftSettings: strict
        ),

        // QR codes: what shoppers hold up in the sandbox, and what an authenticator app reads in the console.
        .target(name: "TillPictures", swiftSettings: strict),

        // The wallets' side. It never sees TillWallets: two readings of a wallet's documents stay independent.
        .target(
            name: "TillSandbox",
            dependencies: [
                "CZlib", "TillDomain", "TillLoops", "TillPictures", hummingbird, hummingbirdTLS, httpTypes, nioCore,
                nioPosix, nioHTTP1,
                nioSSL, grdb, crypto, cryptoExtras, x509, asn1, logging, lifecycle,
            ],
            swiftSettings: strict
        ),

        // What staff see and do: people, organisation, launch, live payments.
        .target(
            name: "TillConsole",
            dependencies: [
                "TillDomain", "TillEngine", "TillCashier", "TillStore", "TillCloud", "TillPictures", mustache,
                hummingbird, hummingbirdTLS,
                httpTypes,
                asyncHTTPClient, grdb,
                nioCore, nioSSL, crypto, cryptoExtras, logging, lifecycle,
            ],
            resources: [.embedInCode("Assets"), .embedInCode("Strings"), .embedInCode("Templates")],
            swiftSettings: strict
        ),

        // A register for people to try, and the parent process of the demo.
        .target(
            name: "TillRegister",
            dependencies: [hummingbird, httpTypes, asyncHTTPClient, nioCore, nioHTTP1, logging, lifecycle],
            resources: [.embedInCode("Pages")],
            swiftSettings: strict
        ),
        .target(
            name: "TillDemo",
            dependencies: ["TillRegister", asyncHTTPClient, nioCore, nioHTTP1, unixSignals],
            swiftSettings: strict
        ),

        // The demo's chain with a day behind it, made in its folders before the processes start.
        .target(
            name: "TillDemoChain",
            dependencies: [
                "TillDomain", "TillProtocol", "TillEngine", "TillStore", "TillStoreSQLite", "TillWallets", "TillCloud",
                "TillConsole", "TillSandbox", crypto, logging,
            ],
            swiftSettings: strict
        ),

        // The machines' steps stated a second time, for tests and the simulator: nothing that ships links it.
        .target(name: "TillReference", dependencies: ["TillDomain", "TillEngine"], swiftSettings: strict),

        // The same machines in virtual time. Only tillbridge-simulate links it: it holds planted bugs.
        .target(
            name: "TillSimulator",
            dependencies: ["TillDomain", "TillProtocol", "TillEngine", "TillReference"],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "tillbridge-simulate",
            dependencies: ["TillSimulator", arguments],
            swiftSettings: strict
        ),

        // Every parser of foreign bytes, and what must hold. Nothing that ships links it.
        .target(
            name: "TillFuzz",
            dependencies: [
                "TillDomain", "TillProtocol", "TillEngine", "TillPlugin", "TillWallets", "TillSandbox", "TillProxy",
                "TillCloud", nioCore, cryptoExtras,
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "tillbridge-fuzz",
            dependencies: ["TillFuzz"],
            swiftSettings: strict
                + (fuzzer == nil ? [] : [.define("TILLBRIDGE_LIBFUZZER"), .enableExperimentalFeature("Extern")]),
            // The runtime is C++; of what both it and the program define, the program's is taken.
            linkerSettings: fuzzer.map {
                [.unsafeFlags(["-Xlinker", "--allow-multiple-definition", $0, "-lstdc++", "-lm"])]
            } ?? []
        ),

        // What the adapters cost. Nothing that ships links it.
        .executableTarget(
            name: "tillbridge-console-bench",
            dependencies: ["TillCloud", "TillConsole", arguments, grdb],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "tillbridge-adapters-bench",
            dependencies: [
                "COpenSSL", "TillDomain", "TillEngine", "TillWallets", crypto, cryptoExtras, arguments,
            ],
            swiftSettings: strict
        ),

        .executableTarget(
            name: "tillbridge",
            dependencies: [
                "CPlatform", "TillDomain", "TillProtocol", "TillEngine", "TillStore", "TillStoreSQLite", "TillProxy",
                "TillCloud", "TillConsole", "TillSandbox", "TillRegister", "TillDemo", "TillDemoChain", arguments,
                logging, lifecycle, unixSignals, nioCore, nioPosix,
            ],
            swiftSettings: strict
        ),

        .testTarget(
            name: "TillConsoleTests",
            dependencies: [
                "TillDomain", "TillStore", "TillStoreSQLite", "TillCloud", "TillConsole", hummingbird, grdb, httpTypes,
                logging, lifecycle, nioCore,
            ],
            swiftSettings: tests
        ),
        .testTarget(
            name: "TillFuzzTests",
            dependencies: ["TillFuzz"],
            exclude: ["Findings"],
            swiftSettings: tests
        ),
        .testTarget(
            name: "TillDomainTests",
            dependencies: ["TillDomain", crypto],
            swiftSettings: tests
        ),
        .testTarget(
            name: "TillProtocolTests",
            dependencies: ["TillDomain", "TillProtocol", crypto],
            swiftSettings: tests
        ),
        .testTarget(
            name: "TillEngineTests",
            dependencies: ["TillDomain", "TillProtocol", "TillEngine", "TillReference"],
            swiftSettings: tests
        ),
        .testTarget(
            name: "TillPluginTests",
            dependencies: [
                "CPlatform", "TillDomain", "TillProtocol", "TillEngine", "TillPlugin", crypto, nioCore, nioPosix,
                nioSSL,
                x509, asn1,
            ],
            swiftSettings: tests
        ),
        .testTarget(
            name: "TillWalletsTests",
            dependencies: [
                "TillDomain", "TillEngine", "TillWallets", "TillSandbox", crypto, cryptoExtras, asyncHTTPClient,
                nioCore, nioHTTP1, logging,
            ],
            exclude: ["FifthWallet/lantern.md"],
            resources: [.copy("Fixtures"), .copy("Kit/scenarios.txt"), .copy("Kit/manners.txt")],
            swiftSettings: tests
        ),
        .testTarget(
            name: "TillStoreTests",
            dependencies: ["TillDomain", "TillProtocol", "TillEngine", "TillStore", "TillStoreSQLite", grdb],
            swiftSettings: tests
        ),
        .testTarget(
            name: "TillProxyTests",
            dependencies: [
                "TillDomain", "TillProtocol", "TillEngine", "TillProxy", nioCore, nioPosix, nioEmbedded, nioTLS, nioSSL,
                x509, asn1, crypto, logging, lifecycle,
            ],
            swiftSettings: tests
        ),
        .testTarget(
            name: "TillCloudTests",
            dependencies: [
                "TillDomain", "TillProtocol", "TillEngine", "TillWallets", "TillStore", "TillStoreSQLite",
                "TillCloud", "TillSandbox", crypto, logging, lifecycle, nioCore, nioPosix, nioHTTP1, nioEmbedded,
                nioSSL, asyncHTTPClient,
            ],
            swiftSettings: tests
        ),
        .testTarget(
            name: "TillSandboxTests",
            dependencies: [
                "CZlib", "TillDomain", "TillPictures", "TillSandbox", crypto, cryptoExtras, x509, asn1, logging,
                nioCore, nioHTTP1,
                lifecycle, asyncHTTPClient,
            ],
            swiftSettings: tests
        ),
        .testTarget(
            name: "TillRegisterTests",
            dependencies: [
                "TillRegister", hummingbird, httpTypes, asyncHTTPClient, nioCore, nioHTTP1, logging, lifecycle,
            ],
            swiftSettings: tests
        ),
        .testTarget(
            name: "TillDemoTests",
            dependencies: [
                "TillDomain", "TillEngine", "TillStore", "TillStoreSQLite", "TillCloud", "TillConsole", "TillSandbox",
                "TillDemo", "TillDemoChain", "TillRegister", grdb, asyncHTTPClient, logging, lifecycle,
            ],
            swiftSettings: tests
        ),
        .testTarget(
            name: "TillSimulatorTests",
            dependencies: ["TillDomain", "TillProtocol", "TillEngine", "TillSimulator"],
            swiftSettings: tests
        ),
    ]
)
