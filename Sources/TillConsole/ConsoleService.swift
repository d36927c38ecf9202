// Part of Tillbridge. See LICENSE.
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle
import TillCloud

/// A running console: its pages, and what follows the clouds' logs.
package struct ConsoleService: Service {
    private let console: Console
    private let onReady: @Sendable (String) async -> Void

    /// - Parameter onReady: Called once with the address of the pages.
    package init(_ console: Console, onReady: @escaping @Sendable (String) async -> Void) {
        self.console = console
        self.onReady = onReady
    }

    /// - Throws: ``StartError`` if the address or the certificate cannot be used.
    package func run() async throws {
        let settings = console.settings
        let router = Router(context: ConsoleContext.self)
        let gate = Gate(console: console)
        for route in Console.routes {
            router.on("\(route.path)", method: route.method) { request, context in
                await gate.answer(request, context, route)
            }
        }
        router.get("**") { request, context in await gate.answer(request, context, Gate.nowhere) }
        let scheme = settings.certificate == nil ? "http" : "https"
        let application = Application(
            router: router,
            server: try server(),
            configuration: ApplicationConfiguration(
                address: .hostname(settings.host, port: settings.port),
                serverName: nil
            ),
            services: console.clouds.feeds(into: console) + [
                Heartbeat(bell: console.bell), RefundSender(console: console), LaunchRunner(console: console),
                ContactPoll(console: console), ExportService(console: console),
                AlertWatch(console: console),
                WebhookSender(
                    console: console,
                    deliver: WebhookCourier(
                        resolve: console.resolve,
                        mayCallInside: settings.webhooksMayCallInside
                    ).deliver
                ),
            ],
            onServerRunning: { [settings, onReady] channel in
                let port = channel.localAddress?.port ?? settings.port
                await onReady(settings.origin ?? "\(scheme)://\(settings.host):\(port)")
            },
            logger: console.logger
        )
        do {
            try await application.run()
        } catch let error as IOError {
            throw StartError(
                "The address \(settings.host):\(settings.port) cannot be used (\(error)): "
                    + "stop the program that uses it, or choose another with --listen."
            )
        }
    }

    private func server() throws -> HTTPServerBuilder {
        guard let certificate = console.settings.certificate else { return .http1() }
        do {
            var tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(certificate.chain).map { .certificate($0) },
                privateKey: .privateKey(
                    try NIOSSLPrivateKey(bytes: PrivateFile.read(certificate.key), format: .pem)
                )
            )
            tls.minimumTLSVersion = .tlsv12
            return try .tls(.http1(), tlsConfiguration: tls)
        } catch let error as StartError {
            throw error
        } catch {
            throw StartError("--certificate \(certificate.chain): certificate or key cannot be used (\(error)).")
        }
    }
}
