// Part of Tillbridge. See LICENSE.
import Glibc
package import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ServiceLifecycle
import TillDomain

/// Where a running proxy listens.
package struct ProxyAddresses: Equatable, Sendable {
    /// For registers.
    package let listen: HostPort
    /// For operators.
    package let admin: HostPort
}

/// A proxy: the only way out of the store network. It holds no truth; it forwards bytes that it cannot make.
package struct ProxyService: Service {
    private let settings: ProxySettings
    private let logger: Logger
    private let whenReady: @Sendable (ProxyAddresses) -> Void

    /// - Parameter whenReady: called once, when both ports are open.
    package init(
        settings: ProxySettings,
        logger: Logger,
        whenReady: @escaping @Sendable (ProxyAddresses) -> Void = { _ in }
    ) {
        self.settings = settings
        self.logger = logger
        self.whenReady = whenReady
    }

    /// Runs until graceful shutdown, then lets the requests in flight finish.
    /// - Throws: ``SettingError`` for a setting that cannot work: a key file, a port.
    package func run() async throws {
        let tls: TLSContexts?
        if let keys = settings.keys { tls = try TLSContexts(keys) } else { tls = nil }
        let accessLog = try AccessLog(settings.accessLog)
        OpenFiles.raiseLimit()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: settings.threads)
        let core = try await ProxyCore.make(
            settings: settings,
            tls: tls,
            group: group,
            accessLog: accessLog,
            logger: logger
        )
        do {
            try await serve(core, group)
        } catch {
            await end(core, group, accessLog)
            throw error
        }
        await end(core, group, accessLog)
        logger.info("ended")
    }

    private func serve(_ core: ProxyCore, _ group: MultiThreadedEventLoopGroup) async throws {
        let admin = try await bind("--admin", settings.admin, core.adminBootstrap(on: group))
        let front = try await bind("--listen", settings.listen, core.frontBootstrap(on: group))
        await core.start()
        let addresses = ProxyAddresses(
            listen: HostPort(host: settings.listen.host, port: front.localAddress?.port ?? 0),
            admin: HostPort(host: settings.admin.host, port: admin.localAddress?.port ?? 0)
        )
        logger.info("listening", metadata: ["listen": "\(addresses.listen)", "admin": "\(addresses.admin)"])
        whenReady(addresses)
        try? await gracefulShutdown()
        logger.info("draining")
        try? await front.close().get()
        if !Task.isCancelled { await core.drain() }
        try? await admin.close().get()
    }

    private func end(_ core: ProxyCore, _ group: MultiThreadedEventLoopGroup, _ accessLog: AccessLog?) async {
        await core.stop()
        try? await group.shutdownGracefully()
        // Pools and connections point back to their shard until the last event loop has ended.
        withExtendedLifetime(core) {}
        await accessLog?.close()
    }

    private func bind(
        _ setting: String,
        _ address: HostPort,
        _ bootstrap: ServerBootstrap
    ) async throws -> any Channel {
        do {
            return try await bootstrap.bind(host: address.host, port: address.port).get()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw SettingError("\(setting) is \(address), which is in use; choose another port or end its owner.")
        } catch let error as IOError where error.errnoCode == EACCES {
            throw SettingError("\(setting) is \(address), which this user may not open; choose a port above 1023.")
        } catch {
            throw SettingError(
                "\(setting) is \(address), which cannot be opened; it must be an address of this machine."
            )
        }
    }
}

/// A connection is a file; the usual limit of 1,024 is far below what a proxy needs.
private enum OpenFiles {
    static func raiseLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max
        else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
