// Part of Tillbridge. See LICENSE.
import ArgumentParser
import Logging
import ServiceLifecycle
import TillRegister
import UnixSignals

/// `tillbridge till`: a small cash register in the browser, for people to try.
struct TillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "till",
        abstract: "A cash register in the browser that sells through a plug-in.",
        discussion: "Everything it asks the plug-in and is told goes to a paper log, paper.jsonl, in its folder."
    )

    @Option(help: "The plug-in's address, for example http://127.0.0.1:7600.")
    var plugin: String

    @Option(help: "The plug-in's register.token.")
    var tokenFile: String

    @Option(help: "Where the page is served; loopback only.")
    var listen = "127.0.0.1:7350"

    @Option(help: "The folder of the paper log; made if it is missing.")
    var data = ".tillbridge/till"

    @Option(help: "The page's first language: en or zh. The page can switch.")
    var language = "en"

    @Option(help: "The address of a shopper's phone page to show beside the till.")
    var phone: String?

    func run() async throws {
        do {
            let settings = try TillSettings(
                plugin: plugin,
                tokenFile: tokenFile,
                listen: listen,
                data: data,
                language: language,
                phone: phone
            )
            var logger = Logger(label: "till", factory: { StreamLogHandler.standardError(label: $0) })
            logger.logLevel = .notice
            let till = TillRegisterService(settings: settings, logger: logger) { port in
                announce("ready {\"till\":\"http://127.0.0.1:\(port)\"}")
            }
            let group = ServiceGroup(
                services: [till],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
            try await group.run()
        } catch let error as TillStartError {
            complain(error.sentence)
            throw ExitCode(2)
        }
    }
}
