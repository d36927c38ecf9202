// Part of Tillbridge. See LICENSE.
import ArgumentParser
import Foundation
import Logging
import ServiceLifecycle
import TillSandbox
import UnixSignals

/// `tillbridge sandbox`: plays the wallets, so that nothing here reaches a real one.
struct SandboxCommand: AsyncParsableCommand {
    enum Shoppers: String, ExpressibleByArgument, CaseIterable {
        case pay, realistic
    }

    static let configuration = CommandConfiguration(
        commandName: "sandbox",
        abstract: "Play the wallets: Alipay, WeChat Pay, QQ Wallet and UnionPay as their documents describe them.",
        discussion: """
            Serves /gateway.do (Alipay), /pay/… and /secapi/pay/… (WeChat Pay V2), /cgi-bin/pay/… (QQ Wallet), \
            /gateway/api/… (UnionPay), the control interface under /sandbox/v1 (this machine only) and a shopper's \
            phone at /phone. When it listens it prints one line: \
            ready {"sandbox":…,"sandboxTLS":…,"phone":…,"keys":…}.
            """
    )

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on; 0 for a free one.")
    var port = 7300

    @Option(help: "A TLS port besides, where calls that give money back demand a client certificate; 0 for a free one.")
    var tlsPort: Int?

    @Option(help: "The folder for books, keys and the log of calls. Without it all is forgotten at the end.")
    var data: String?

    @Option(help: "The folder to write the merchant's keys to: sandbox.json and PEM files.")
    var export: String?

    @Option(help: "A seed for codes, behaviours and faults.")
    var seed: UInt64?

    @Option(help: "How many times faster the wallets' waiting times pass.")
    var speed = 1.0

    @Option(help: "What shoppers do whose code names no behaviour: pay, or realistic for a shop's mixture.")
    var shoppers = Shoppers.pay

    func run() async throws {
        var settings = SandboxConfiguration()
        settings.host = host
        settings.port = port
        settings.tlsPort = tlsPort
        settings.data = data
        settings.export = export
        settings.seed = seed
        settings.speed = speed
        settings.realisticShoppers = shoppers == .realistic
        var logger = Logger(label: "sandbox") { StreamLogHandler.standardError(label: $0) }
        // What goes wrong is said in one sentence below; the layers beneath would add theirs.
        logger.logLevel = .critical
        do {
            let service = try SandboxService(settings, logger: logger) { addresses in
                let text = (try? JSONText.encode(addresses)) ?? "{}"
                print("ready \(text)")
                fflush(nil)
            }
            let group = ServiceGroup(
                configuration: .init(
                    services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
                    gracefulShutdownSignals: [.sigterm, .sigint],
                    logger: logger
                )
            )
            try await group.run()
        } catch let error as SandboxError {
            FileHandle.standardError.write(Data((error.description + "\n").utf8))
            throw ExitCode(2)
        }
    }
}
