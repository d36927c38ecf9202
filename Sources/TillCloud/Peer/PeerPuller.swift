// Part of Tillbridge. See LICENSE.
import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import ServiceLifecycle
import TillDomain
import TillProtocol
import TillStore

/// Reads the other cloud's transaction log, page by page, and keeps it as replica rows. From the configuration's home
/// it also takes the documents over. No money fact depends on it.
struct PeerPuller: Service {
    private static let pageEntries: Int64 = 500
    private static let longPoll: Int64 = 20_000

    let cloud: CloudName
    let configurationHome: CloudName
    let link: PeerLink
    let store: any CloudStore
    let directory: Directory
    let clock: any CloudClock
    let fence: ClockFence
    let signals: CloudSignals
    let metrics: Metrics
    let logger: Logger

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await pullForEver() }
        } catch is CancellationError {
            // The end.
        }
        await link.shutdown()
    }

    private func pullForEver() async throws {
        var failures = 0
        while !Task.isCancelled {
            do {
                try await pull(wait: PeerPuller.longPoll)
                failures = 0
            } catch {
                try Task.checkCancellation()
                failures += 1
                metrics.count("peer_failures")
                if failures == 1 {
                    logger.warning("the other cloud's log cannot be read", metadata: ["error": "\(error)"])
                }
                try await Task.sleep(for: .milliseconds(min(5_000, 200 << min(failures, 5))))
            }
        }
    }

    /// One page, waiting for it for at most `wait` milliseconds.
    func pull(wait: Int64) async throws {
        let cursor = try await store.peerCursor(of: cloud.other)
        let sent = clock.now()
        let answer = try await link.log(
            after: cursor.head.sequence,
            limit: PeerPuller.pageEntries,
            wait: wait,
            routing: directory.snapshot.routing?.version
        )
        let received = clock.now()
        // A long poll says little about the time at which the answer was made, so only quick ones are compared.
        if received - sent < 1_000 {
            fence.compare(.peer, theirs: answer.head.time, sent: sent, received: received, resolution: 1)
        }
        let isHome = cloud.other == configurationHome
        let page = PeerWire.page(answer)
        let result = try await store.apply(
            page,
            of: cloud.other,
            adopting: isHome ? Directory.kinds : [],
            at: received
        )
        switch result {
        case .applied:
            metrics.count("peer_entries", by: page.entries.count)
            guard isHome else { return }
            for entry in page.entries {
                guard let kind = LogKind(rawValue: entry.kind), Directory.kinds.contains(kind) else { continue }
                try directory.apply(kind, key: entry.key, body: entry.body)
            }
        case .refused(let alarm):
            signals.alarm(.peerLogRefused, key: "\(alarm)")
            throw PeerError.refused
        }
    }
}

enum PeerError: Error {
    case refused
    /// Not an answer of the other cloud to this request.
    case badAnswer
    case status(Int)
}

/// Signed questions to the other cloud.
struct PeerLink: Sendable {
    private let client: HTTPClient
    private let url: String
    private let cloud: CloudName
    private let signer: CloudSigningKey
    private let keys: [(id: KeyID, key: VerifyingKey)]
    private let clock: any CloudClock

    /// - Parameters:
    ///   - url: `https://HOST:PORT`, or `http://` on this machine.
    ///   - transport: Own certificate and authority; nil for plain HTTP.
    init(
        cloud: CloudName,
        url: PeerURL,
        transport: GatewayServer.Transport?,
        signer: CloudSigningKey,
        keys: [(id: KeyID, key: VerifyingKey)],
        clock: any CloudClock
    ) throws(StartError) {
        self.cloud = cloud
        self.signer = signer
        self.keys = keys
        self.clock = clock
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.httpVersion = .http1Only
        configuration.timeout = .init(connect: .seconds(2))
        if let transport {
            configuration.tlsConfiguration = try PeerLink.tls(transport)
            // The certificate names the cloud, not its address.
            let name = KeyFolder.dnsName(of: cloud.other)
            configuration.dnsOverride = [name: url.host]
            self.url = "https://\(name):\(url.port)"
        } else {
            self.url = "http://\(url.host):\(url.port)"
        }
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    private static func tls(_ transport: GatewayServer.Transport) throws(StartError) -> TLSConfiguration {
        do {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.minimumTLSVersion = .tlsv13
            // The peer may hold a long poll and not listen; its goodbye is not waited for.
            tls.shutdownTimeout = .milliseconds(200)
            tls.trustRoots = .certificates(
                try NIOSSLCertificate.fromPEMBytes(PrivateFile.readPublic(transport.authorityFile))
            )
            tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(
                PrivateFile.readPublic(transport.certificateFile)
            ).map { .certificate($0) }
            tls.privateKey = .privateKey(
                try NIOSSLPrivateKey(bytes: PrivateFile.read(transport.keyFile), format: .pem)
            )
            return tls
        } catch let error as StartError {
            throw error
        } catch {
            throw StartError("The certificate \(transport.certificateFile) or its key cannot be used: restore both.")
        }
    }

    func shutdown() async { try? await client.shutdown() }

    /// - Parameter routing: The newest version that this cloud holds.
    func log(after sequence: Int64, limit: Int64, wait: Int64, routing: Int?) async throws -> PeerLogAnswer {
        let id = MessageID(.random(in: .min ... .max), .random(in: .min ... .max))
        let body = PeerLogRequest(id: id, after: sequence, limit: limit, wait: wait, routing: routing).encode()
        let sealed = SignedRequest.headers(
            .peerLog,
            cloud: .only(cloud.other),
            body: body,
            created: clock.now(),
            keyID: signer.id,
            signer: signer
        )
        guard let (headers, binding) = sealed else { throw PeerError.badAnswer }
        var request = HTTPClientRequest(url: url + String(decoding: binding.path, as: UTF8.self))
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        for field in headers.fields {
            request.headers.add(
                name: String(decoding: field.name, as: UTF8.self),
                value: String(decoding: field.value, as: UTF8.self)
            )
        }
        request.body = .bytes(ByteBuffer(bytes: body))
        let response = try await client.execute(request, timeout: .milliseconds(wait + 5_000))
        let content = Array(buffer: try await response.body.collect(upTo: HTTPLimits.peerLog.body))
        guard response.status == .ok else { throw PeerError.status(Int(response.status.code)) }
        var fields = TillProtocol.HTTPHeaders()
        for header in response.headers { fields.add(header.name.utf8, header.value.utf8) }
        let signed = try SignedAnswer(
            status: 200,
            headers: fields,
            body: content,
            binding: binding,
            bodyLimit: HTTPLimits.peerLog.body
        )
        guard signed.cloud == cloud.other, let key = keys.first(where: { $0.id == signed.keyID })?.key else {
            throw PeerError.badAnswer
        }
        try signed.check(key.status, verifier: ReadKey(key: key), at: clock.now())
        let answer = try PeerLogAnswer(decoding: content)
        guard answer.head.id == id, answer.head.cloud == cloud.other else { throw PeerError.badAnswer }
        return answer
    }
}

/// The peer's address.
package struct PeerURL: Equatable, Sendable {
    package let isTLS: Bool
    package let host: String
    package let port: Int

    /// Reads `https://HOST:PORT` or `http://HOST:PORT`.
    package init?(_ text: String) {
        let scheme = ["https://", "http://"].first { text.hasPrefix($0) }
        guard let scheme else { return nil }
        let rest = text.dropFirst(scheme.count)
        guard let colon = rest.lastIndex(of: ":"), let port = Int(rest[rest.index(after: colon)...]),
            (1...65_535).contains(port), !rest[..<colon].isEmpty, !rest.contains("/")
        else { return nil }
        isTLS = scheme == "https://"
        host = String(rest[..<colon])
        self.port = port
    }
}
