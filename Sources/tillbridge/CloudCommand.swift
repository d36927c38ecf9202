// Part of Tillbridge. See LICENSE.
import ArgumentParser
import CPlatform
import Logging
import ServiceLifecycle
import TillCloud
import TillDomain
import TillStore
import TillStoreSQLite
import UnixSignals

/// `tillbridge cloud`: gateway, payment logic, storage and jobs of one cloud.
struct CloudCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cloud",
        abstract: "Runs one of the two clouds: checks requests, asks wallets, keeps the record.",
        discussion: """
            Prints one line 'ready {"name":"A","url":"https://HOST:PORT"}' when it takes requests, and ends after \
            SIGTERM once the wallet calls that are out have come home.
            """
    )

    @Option(help: "Which cloud this is: A or B.")
    var name: String

    @Option(help: "The folder for the database and the door of the admin commands; made if it is missing.")
    var data: String

    @Option(help: "The folder of 'tillbridge admin keys'.")
    var keys: String

    @Option(help: "Where requests come in, by mutual TLS: HOST:PORT. Port 0 takes a free one.")
    var listen = "127.0.0.1:7401"

    @Flag(help: "Plain HTTP instead of TLS, on loopback only: for tests.")
    var plain = false

    @Option(help: "The other cloud, whose transaction log is read: https://HOST:PORT.")
    var peer: String?

    @Option(help: "sqlite:PATH. Default: cloud.sqlite in the data folder.")
    var database: String?

    @Option(help: "Scales every time of the payment protocol, 0.001 to 1. Less than 1 with sandbox accounts only.")
    var timeFactor = "1"

    @Option(help: "The cloud at which registers, accounts and routing are changed: A or B.")
    var configurationHome = "A"

    @Option(help: "The proxies that registers are told of at activation: IP:PORT,IP:PORT.")
    var proxies: String?

    @Option(help: "How much is logged on standard error: trace, debug, info, notice, warning, error, critical.")
    var logLevel = "notice"

    func run() async throws {
        try await explaining {
            let settings = try settings()
            guard let level = Logger.Level(rawValue: logLevel) else {
                throw StartError(
                    "--log-level \(logLevel): give trace, debug, info, notice, warning, error or critical."
                )
            }
            var logger = Logger(label: "tillbridge.cloud") { StreamLogHandler.standardError(label: $0) }
            logger.logLevel = level
            cp_keep_freed_memory()
            let store = try CloudDatabase.open(database, settings: settings)
            let core: CloudCore
            do {
                core = try await CloudCore(settings: settings, store: store, logger: logger)
            } catch {
                await store.close()
                throw error
            }
            let name = settings.name.text
            let service = CloudService(core) { url in
                tell("ready {\"name\":\"\(name)\",\"url\":\"\(url)\"}")
            }
            let group = ServiceGroup(
                configuration: ServiceGroupConfiguration(
                    services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
                    gracefulShutdownSignals: [.sigterm, .sigint],
                    logger: logger
                )
            )
            do {
                try await group.run()
            } catch {
                await core.close()
                throw CloudDatabase.explained(error, listen: listen)
            }
            await core.close()
        }
    }

    private func settings() throws(StartError) -> CloudSettings {
        let name = try CloudSettings.cloudName(name, setting: "--name")
        try CloudDatabase.makeFolder(data)
        var settings = CloudSettings(name: name, data: data, keys: KeyFolder(path: keys))
        (settings.host, settings.port) = try CloudSettings.address(listen, setting: "--listen")
        settings.isPlain = plain
        if let peer {
            guard let url = PeerURL(peer) else { throw StartError("--peer \(peer): give https://HOST:PORT.") }
            settings.peer = url
        }
        settings.configurationHome = try CloudSettings.cloudName(configurationHome, setting: "--configuration-home")
        settings.times = try CloudSettings.times(timeFactor)
        settings.proxies = proxies.map { $0.split(separator: ",").map(String.init) } ?? []
        try settings.check()
        return settings
    }
}
