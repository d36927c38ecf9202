// Part of Tillbridge. See LICENSE.
package import AsyncHTTPClient
import Foundation
import Hummingbird
package import Logging
import NIOCore
import ServiceLifecycle

/// The till as a service: the page and its relay to the plug-in, until it is told to stop.
package struct TillRegisterService: Service {
    private let settings: TillSettings
    private let logger: Logger
    private let onReady: @Sendable (Int) async -> Void

    /// - Parameter onReady: Called once with the port, when the page can be opened.
    package init(
        settings: TillSettings,
        logger: Logger,
        onReady: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.settings = settings
        self.logger = logger
        self.onReady = onReady
    }

    /// - Throws: ``TillStartError`` if the folder or the port cannot be used.
    package func run() async throws {
        let (paper, entries) = try PaperLog.open(folder: settings.data)
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: TillRegisterService.httpSettings)
        let desk = TillDesk(
            plugin: PluginClient(address: settings.plugin, token: settings.token, http: http),
            paper: paper,
            entries: entries
        )
        let routes = TillRoutes(settings: settings, desk: desk, watch: LaneWatch(desk: desk))
        let application = Application(
            router: routes.router(),
            configuration: ApplicationConfiguration(address: .hostname(settings.host, port: settings.port)),
            services: [Acknowledger(desk: desk)],
            onServerRunning: { channel in await onReady(channel.localAddress?.port ?? settings.port) },
            logger: logger
        )
        do {
            try await application.run()
            try await http.shutdown()
        } catch let error as IOError {
            try await http.shutdown()
            throw TillStartError(
                "The address \(settings.host):\(settings.port) cannot be used (\(String(cString: strerror(error.errnoCode)))): "
                    + "stop the program that uses it, or choose another with --listen."
            )
        } catch {
            try await http.shutdown()
            throw error
        }
    }

    package static var httpSettings: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.timeout = .init(connect: .seconds(1), read: .seconds(PluginClient.paymentSeconds + 5))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 8
        return configuration
    }
}

/// Repeats acknowledgements that have not got through, every two seconds, from the till's start on.
private struct Acknowledger: Service {
    let desk: TillDesk

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try await desk.acknowledgeOpenSales()
                try? await Task.sleep(for: .seconds(2))
            }
        }
    }
}
