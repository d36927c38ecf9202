// Part of Tillbridge. See LICENSE.
import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import TillDomain
import TillWallets

/// What an account's connections are made with.
struct WalletTransport: Sendable {
    /// Authorities to trust in place of the system's, PEM; for the sandbox.
    var authority: String?
    /// Shown to a wallet that asks for one.
    var clientCertificate: ClientCertificate?
    var connectTimeout: Duration
}

/// Why no usable answer came.
enum WalletSilence: Error, Equatable {
    /// No connection, and provably no byte was written.
    case neverLeft
    /// The last clock check forbade the writing: the request's head may have left, its content has not.
    case heldBack
    case noAnswer
}

/// The pooled connections of one account.
final class WalletConnection: Sendable {
    struct Request: Sendable {
        var method = "POST"
        let url: String
        let headers: [OutboundRequest.Header]
        let body: [UInt8]
        let timeout: Duration
        /// The last check, directly before the body is written.
        var mayWrite: @Sendable () -> Bool = { true }
    }

    struct Answer: Sendable {
        let response: InboundResponse
        /// The wallet's clock, where it says.
        let date: Timestamp?
    }

    /// Wallets answer in a few hundred bytes; a bill is fetched elsewhere.
    private static let answerLimit = 1 << 20

    private let client: HTTPClient

    /// - Throws: ``StartError`` for a certificate that cannot be used.
    init(_ transport: WalletTransport, account: String) throws(StartError) {
        var configuration = HTTPClient.Configuration()
        configuration.tlsConfiguration = try WalletConnection.tls(transport, account: account)
        configuration.redirectConfiguration = .disallow
        configuration.timeout = .init(connect: TimeAmount(transport.connectTimeout))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
        configuration.connectionPool.idleTimeout = .seconds(50)
        // A second attempt would hide a refused connection for as long as the call may last.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    private static func tls(_ transport: WalletTransport, account: String) throws(StartError) -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        do {
            if let authority = transport.authority {
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authority.utf8)))
            }
            if let certificate = transport.clientCertificate {
                tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.certificate.utf8)).map {
                    .certificate($0)
                }
                tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(certificate.key.utf8), format: .pem))
            }
        } catch {
            throw StartError("A certificate of account \(account) cannot be read: add the account again.")
        }
        return tls
    }

    func shutdown() async { try? await client.shutdown() }

    /// Sends once. There is no repetition in here, whatever happens.
    func send(_ request: Request) async throws(WalletSilence) -> Answer {
        let watch = WatchedBody.Watch(mayWrite: request.mayWrite)
        var outgoing = HTTPClientRequest(url: request.url)
        outgoing.method = HTTPMethod(rawValue: request.method)
        for header in request.headers { outgoing.headers.add(name: header.name, value: header.value) }
        if !request.body.isEmpty {
            outgoing.body = .bytes(
                WatchedBody(request.body, watch: watch),
                length: .known(Int64(request.body.count))
            )
        } else if !request.mayWrite() {
            throw .neverLeft
        }
        do {
            let response = try await client.execute(outgoing, timeout: TimeAmount(request.timeout))
            let body = try await response.body.collect(upTo: WalletConnection.answerLimit)
            return Answer(
                response: InboundResponse(status: Int(response.status.code), body: Array(buffer: body)),
                date: response.headers.first(name: "date").flatMap { HTTPDate.parse($0) }
            )
        } catch {
            switch watch.current {
            case .heldBack: throw .heldBack
            case .handedOver: throw .noAnswer
            case .untouched: throw WalletConnection.isNoConnection(error) ? .neverLeft : .noAnswer
            }
        }
    }

    /// Failures before there was a connection to write to. Anything that is not listed proves nothing.
    private static func isNoConnection(_ error: any Error) -> Bool {
        switch error {
        case is NIOConnectionError, is NIOSSLExtraError:
            true
        case let error as HTTPClientError:
            [
                .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout, .invalidURL, .emptyHost,
                .emptyScheme, .alreadyShutdown,
            ].contains(error)
        case let error as NIOSSLError:
            if case .handshakeFailed = error { true } else { false }
        case let error as IOError:
            error.errnoCode == ECONNREFUSED || error.errnoCode == EHOSTUNREACH || error.errnoCode == ENETUNREACH
        default:
            false
        }
    }
}
