// Part of Tillbridge. See LICENSE.
import Foundation
import Logging
import ServiceLifecycle
import Synchronization
import TillDomain
import TillLoops
import TillStore

/// A running cloud: gateway, payment logic, the peer's log, the local door of the admin commands.
package struct CloudService: Service {
    private let core: CloudCore
    private let ready: @Sendable (String) async -> Void

    /// - Parameter ready: Called once with the URL that requests go to.
    package init(_ core: CloudCore, ready: @escaping @Sendable (String) async -> Void) {
        self.core = core
        self.ready = ready
    }

    package func run() async throws {
        let settings = core.settings
        let keys = settings.keys
        let transport =
            settings.isPlain
            ? nil
            : GatewayServer.Transport(
                authorityFile: keys.authorityFile,
                certificateFile: keys.certificateFile(of: settings.name),
                keyFile: keys.certificateKeyFile(of: settings.name)
            )
        // What a crash left half done is settled before the first request.
        try await core.service.resume()
        try await core.testPayments.resume()
        let started = Started(count: 2)
        let scheme = settings.isPlain ? "http" : "https"
        let gateway = try GatewayServer(
            handler: CloudGateway(core),
            host: settings.host,
            port: settings.port,
            transport: transport,
            logger: core.logger
        ) { port in
            started.note("\(scheme)://\(settings.host):\(port)")
            await announce(started)
        }
        let door = try AdminDoor(core: core) { await announce(started) }
        var services: [any Service] = [core.service, WakeWatch(core: core)]
        if let peer = settings.peer {
            let link = try PeerLink(
                cloud: settings.name,
                url: peer,
                transport: transport,
                signer: core.signer,
                keys: core.installation.keys,
                clock: core.clock
            )
            services.append(
                PeerPuller(
                    cloud: settings.name,
                    configurationHome: settings.configurationHome,
                    link: link,
                    store: core.store,
                    directory: core.directory,
                    clock: core.clock,
                    fence: core.fence,
                    signals: core.signals,
                    metrics: core.metrics,
                    logger: core.logger
                )
            )
        }
        services += [door, gateway] as [any Service]
        // Shut down from last to first: no request comes in while calls that are out come home.
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
                logger: core.logger
            )
        )
        let core = core
        try await withGracefulShutdownHandler {
            try await withTaskExecutorPreference(EventLoopsExecutor.shared) { try await group.run() }
        } onGracefulShutdown: {
            core.status.set(isRunning: false)
            // Answers that are held back go out now.
            core.logBell.close()
            core.service.board.close()
            core.desk.stopStatement()
        }
    }

    private func announce(_ started: Started) async {
        guard started.arrive() else { return }
        core.status.set(isRunning: true)
        await ready(started.url)
    }
}

/// Counts the doors that have opened.
private final class Started: Sendable {
    private let state: Mutex<(missing: Int, url: String)>

    init(count: Int) { state = Mutex((count, "")) }

    var url: String { state.withLock { $0.url } }
    func note(_ url: String) { state.withLock { $0.url = url } }

    /// True for the last one.
    func arrive() -> Bool {
        state.withLock { state in
            state.missing -= 1
            return state.missing == 0
        }
    }
}

/// Looks after the store, wakes waiting undos when a wallet is back, and tells when the own clock is not trusted.
private struct WakeWatch: Service {
    let core: CloudCore

    func run() async throws {
        var wasTrusted = true
        do {
            while true {
                try await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(1)) }
                try await lookAtStore()
                if core.desk.someWalletCameBack() { await core.service.wake() }
                let isTrusted = core.fence.isTrusted(at: core.clock.now())
                if wasTrusted, !isTrusted { core.signals.alarm(.clockNotTrusted, key: core.settings.name.text) }
                wasTrusted = isTrusted
            }
        } catch is CancellationError {
            // The end.
        }
    }

    /// - Throws: Where only another start helps: whoever started this process starts it again, as after a crash.
    private func lookAtStore() async throws(StartError) {
        do {
            try await core.store.checkWrites()
            core.status.set(storeWorks: true)
        } catch .spent(let cause) {
            throw StartError("The cloud ends because \(cause): check the disk; the next start reads the database back.")
        } catch {
            core.status.set(storeWorks: false)
            core.logger.error("the store does not answer", metadata: ["error": "\(error)"])
        }
    }
}
