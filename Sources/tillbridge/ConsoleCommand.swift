// Part of Tillbridge. See LICENSE.
import ArgumentParser
import Foundation
import Logging
import ServiceLifecycle
import TillCloud
import TillConsole
import UnixSignals

/// `tillbridge console`: organisation, launch, people, payments in the browser.
struct ConsoleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "console",
        abstract: "Runs the console: organisation, launch, people, payments, in the browser.",
        discussion: """
            It follows the logs of the clouds on this machine and gives its commands through their local doors. \
            Prints one line 'ready {"console":"http://HOST:PORT"}' when the pages can be opened.
            """
    )

    @Option(help: "The folder for the console's database and key; made if it is missing.")
    var data: String

    @Option(name: .customLong("cloud"), help: "The data folder of a cloud on this machine; may be repeated.")
    var clouds: [String] = []

    @Option(help: "Where the pages are served: HOST:PORT. Port 0 takes a free one.")
    var listen = "127.0.0.1:7700"

    @Option(help: "The address that browsers use, where it is another: https://HOST.")
    var origin: String?

    @Option(help: "The certificate chain, PEM. Without it plain HTTP, on loopback only.")
    var certificate: String?

    @Option(help: "The certificate's key, PEM, mode 0600.")
    var certificateKey: String?

    @Option(help: "The time zone of days and hours.")
    var timeZone = "Asia/Shanghai"

    @Option(help: "Chart.js, minified, as Debian's libjs-chart.js installs it.")
    var chartLibrary = ConsoleSettings.standardChartLibrary

    @Flag(help: "Lets webhooks call addresses of the own network, and this machine by plain HTTP.")
    var webhooksInside = false

    @Option(help: "Makes the demo's users, for sandbox accounts only, and writes their passwords into this file.")
    var demoUsers: String?

    func run() async throws {
        try await explaining {
            var logger = Logger(label: "tillbridge.console") { StreamLogHandler.standardError(label: $0) }
            logger.logLevel = .notice
            let console = try await Console(settings: try settings(), logger: logger)
            let service = ConsoleService(console) { url in tell("ready {\"console\":\"\(url)\"}") }
            let group = ServiceGroup(
                configuration: ServiceGroupConfiguration(
                    services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
                    gracefulShutdownSignals: [.sigterm, .sigint],
                    logger: logger
                )
            )
            try await group.run()
            try console.close()
        }
    }

    private func settings() throws(StartError) -> ConsoleSettings {
        var settings = ConsoleSettings(data: data)
        (settings.host, settings.port) = try CloudSettings.address(listen, setting: "--listen")
        settings.origin = origin
        settings.clouds = clouds
        guard let zone = TimeZone(identifier: timeZone) else {
            throw StartError("--time-zone \(timeZone): give a name such as Asia/Shanghai.")
        }
        settings.zone = zone
        switch (certificate, certificateKey) {
        case (let chain?, let key?): settings.certificate = (chain, key)
        case (nil, nil): break
        default: throw StartError("--certificate and --certificate-key: give both or neither.")
        }
        settings.chartLibrary = chartLibrary
        settings.webhooksMayCallInside = webhooksInside
        settings.demoUsersFile = demoUsers
        try settings.check()
        return settings
    }
}
