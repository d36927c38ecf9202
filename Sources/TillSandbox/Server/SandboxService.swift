// Part of Tillbridge. See LICENSE.
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle
import TillLoops

/// The sandbox as a service: books, keys, and one or two servers over the same wallets.
package struct SandboxService: Service {
    /// Where a running sandbox listens.
    package struct Addresses: Codable, Equatable, Sendable {
        package let sandbox: String
        package let sandboxTLS: String?
        package let phone: String
        /// The exported `sandbox.json`.
        package let keys: String?
    }

    private let configuration: SandboxConfiguration
    private let keys: SandboxKeys
    private let store: SandboxStore
    private let commit: GroupCommit
    private let core: SandboxCore
    private let log: CallLog
    private let logger: Logger
    private let onReady: @Sendable (Addresses) -> Void

    /// Opens the books and the keys.
    ///
    /// - Parameter onReady: Called once, when all servers listen and the keys are exported.
    /// - Throws: ``SandboxError`` for what a person has to mend.
    package init(
        _ configuration: SandboxConfiguration,
        time: any SandboxTime = SystemTime(),
        logger: Logger,
        onReady: @escaping @Sendable (Addresses) -> Void
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        self.logger = logger
        self.onReady = onReady
        if let data = configuration.data { try PrivateFile.makeFolder(data) }
        store = try SandboxStore(folder: configuration.data)
        keys = try SandboxKeys.load(folder: configuration.data)
        log = try CallLog(path: configuration.data.map { $0 + "/wallet-log.jsonl" })
        commit = GroupCommit(store: store)
        let state = try SandboxState(
            restoring: store.readAll(),
            pace: Pace(speed: configuration.speed),
            seed: configuration.seed ?? UInt64.random(in: 0 ... .max),
            realisticShoppers: configuration.realisticShoppers
        )
        core = SandboxCore(state: state, commit: commit, time: time)
    }

    /// Serves until the graceful shutdown; then answers what is in work, stores it and returns.
    package func run() async throws {
        let plain = try application(isTLS: false, port: configuration.port)
        let secure = try configuration.tlsPort.map { try application(isTLS: true, port: $0) }
        let listening = ListeningPorts(expected: secure == nil ? 1 : 2)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await commit.run() }
            group.addTask {
                guard let ports = await listening.all() else { return }
                try announce(ports)
            }
            group.addTask {
                try await withTaskExecutorPreference(EventLoopsExecutor.shared) {
                    try await withThrowingTaskGroup(of: Void.self) { servers in
                        servers.addTask { try await serve(plain(listening), port: configuration.port) }
                        if let secure, let port = configuration.tlsPort {
                            servers.addTask { try await serve(secure(listening), port: port) }
                        }
                        try await servers.endAtFirstError()
                    }
                }
                // Nobody waits for anything any more: write what is left and stop writing.
                listening.close()
                commit.finish()
            }
            try await group.endAtFirstError()
        }
        store.close()
    }

    private func announce(_ ports: [Bool: Int]) throws {
        let host = configuration.host.contains(":") ? "[\(configuration.host)]" : configuration.host
        let base = "http://\(host):\(ports[false] ?? 0)"
        let secure = ports[true].map { "https://\(host):\($0)" }
        if let folder = configuration.export {
            try KeyExport(keys: keys, baseURL: base, tlsBaseURL: secure).write(to: folder)
        }
        onReady(
            Addresses(
                sandbox: base,
                sandboxTLS: secure,
                phone: base + "/phone",
                keys: configuration.export.map { $0 + "/sandbox.json" }
            )
        )
    }

    // MARK: Servers

    private func application(
        isTLS: Bool,
        port: Int
    ) throws -> @Sendable (ListeningPorts) -> Application<RouterResponder<SandboxContext>> {
        let responder = try router(isTLS: isTLS).buildResponder()
        let server: HTTPServerBuilder = isTLS ? try .tls(.http1(), tlsConfiguration: tlsConfiguration()) : .http1()
        let address = BindAddress.hostname(configuration.host, port: port)
        let logger = logger
        return { listening in
            Application(
                responder: responder,
                server: server,
                configuration: ApplicationConfiguration(address: address),
                onServerRunning: { channel in listening.add(channel.localAddress?.port ?? port, isTLS: isTLS) },
                logger: logger
            )
        }
    }

    private func serve(_ application: some ApplicationProtocol, port: Int) async throws {
        do {
            try await application.run()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw SandboxError("Port \(port) is in use: stop the program that has it, or choose another port.")
        } catch let error as IOError where error.errnoCode == EACCES {
            throw SandboxError("Port \(port) may not be opened by this user: choose a port above 1023.")
        } catch let error as IOError where error.errnoCode == EADDRNOTAVAIL {
            throw SandboxError("This machine has no address \(configuration.host): use 127.0.0.1.")
        } catch is SocketAddressError.UnknownHost {
            throw SandboxError("--host \(configuration.host) is no address of this machine: use 127.0.0.1.")
        }
    }

    private func router(isTLS: Bool) throws -> Router<SandboxContext> {
        let router = Router(context: SandboxContext.self)
        router.get("healthz") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "application/json"],
                body: .init(byteBuffer: ByteBuffer(string: "{\"status\":\"ok\"}\n"))
            )
        }
        let alipay = WalletServer(face: try AlipayFace(keys: keys.alipay), core: core, log: log, isTLS: isTLS)
        router.get("gateway.do") { try await alipay.serve($0, $1) }
        router.post("gateway.do") { try await alipay.serve($0, $1) }
        let bills = WalletServer(face: AlipayBillFace(keys: keys.alipay), core: core, log: log, isTLS: isTLS)
        router.get(RouterPath(String(AlipayBillFace.path.dropFirst()))) { try await bills.serve($0, $1) }
        let weChat = WalletServer(face: WeChatFace(keys: keys.wechatpay), core: core, log: log, isTLS: isTLS)
        for path in WeChatContentReader.paths {
            let path = RouterPath(String(path.dropFirst()))
            router.get(path) { try await weChat.serve($0, $1) }
            router.post(path) { try await weChat.serve($0, $1) }
        }
        // What they do not offer these two refuse in their own words.
        let qq = WalletServer(face: QQFace(keys: keys.qqwallet), core: core, log: log, isTLS: isTLS)
        router.get("cgi-bin/**") { try await qq.serve($0, $1) }
        router.post("cgi-bin/**") { try await qq.serve($0, $1) }
        let union = WalletServer(face: try UnionPayFace(keys: keys.unionpay), core: core, log: log, isTLS: isTLS)
        router.get("gateway/api/**") { try await union.serve($0, $1) }
        router.post("gateway/api/**") { try await union.serve($0, $1) }
        router.post("") { try await union.serve($0, $1) }
        let weChatV3 = WalletServer(face: try WeChatV3Face(keys: keys), core: core, log: log, isTLS: isTLS)
        router.get("v3/**") { try await weChatV3.serve($0, $1) }
        router.post("v3/**") { try await weChatV3.serve($0, $1) }
        let control = router.group("sandbox/v1").add(middleware: ControlGuard())
        ControlRoutes(core: core, log: log).add(to: control)
        let phone = PhoneRoutes(core: core)
        phone.addPictures(to: control)
        phone.addPage(to: router.group("").add(middleware: ControlGuard()))
        return router
    }

    /// Asks for a client certificate and accepts a connection without one: only some paths demand it.
    private func tlsConfiguration() throws -> TLSConfiguration {
        let authorities = try [keys.tls.authority, keys.qqwallet.authority].map {
            try NIOSSLCertificate(bytes: Array($0.utf8), format: .pem)
        }
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: [
                .certificate(try NIOSSLCertificate(bytes: Array(keys.tls.serverCertificate.utf8), format: .pem))
            ],
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(keys.tls.serverKey.utf8), format: .pem))
        )
        tls.trustRoots = .certificates(authorities)
        tls.certificateVerification = .optionalVerification
        tls.minimumTLSVersion = .tlsv12
        // A caller that never says goodbye must not hold up the shutdown.
        tls.shutdownTimeout = .milliseconds(300)
        return tls
    }
}

extension ThrowingTaskGroup where ChildTaskResult == Void, Failure == any Error {
    /// Waits for all children; the first error is thrown at once, so that the group cancels the others.
    fileprivate mutating func endAtFirstError() async throws {
        while try await next() != nil {}
    }
}
