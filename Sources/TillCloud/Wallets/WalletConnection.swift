// Part of Tillbridge. See LICENSE.
import NIOCore
import NIOHTTP1
import NIOSSL
import TillDomain
import TillLoops
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
    /// The last clock check forbade the writing.
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
        /// Wallets answer in a few hundred bytes. In bytes.
        var answerLimit = 1 << 20
        /// The last check, directly before the first byte is written.
        var mayWrite: @Sendable () -> Bool = { true }
    }

    struct Answer: Sendable {
        /// Without the moment of its arrival: there is no clock in here.
        let response: InboundResponse
        /// The wallet's clock, where it says.
        let date: Timestamp?
    }

    private let lines: WalletLines

    /// - Throws: ``StartError`` for a certificate that cannot be used.
    init(_ transport: WalletTransport, account: String) throws(StartError) {
        let tls = try WalletConnection.tls(transport, account: account)
        do {
            lines = WalletLines(
                tls: try NIOSSLContext(configuration: tls),
                connectTimeout: TimeAmount(transport.connectTimeout)
            )
        } catch {
            throw StartError("A certificate of account \(account) cannot be used: add the account again.")
        }
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

    func shutdown() async { await lines.close() }
    /// The same without waiting for it.
    func abort() { for channel in lines.end() { channel.close(promise: nil) } }

    /// Sends once. There is no repetition in here, whatever happens.
    func send(_ request: Request) async throws(WalletSilence) -> Answer {
        guard let (origin, authority, target) = WalletLines.Origin.split(request.url) else { throw .neverLeft }
        let loop = EventLoopsExecutor.loop
        let deadline = NIODeadline.now() + TimeAmount(request.timeout)
        let line: any Channel
        do {
            line = try await lines.line(to: origin, on: loop, before: deadline).get()
        } catch {
            throw .neverLeft
        }
        var head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: request.method), uri: target)
        head.headers.add(name: "Host", value: authority)
        for header in request.headers { head.headers.add(name: header.name, value: header.value) }
        head.headers.add(name: "Content-Length", value: String(request.body.count))
        let promise = loop.makePromise(of: WalletExchange.Reply.self)
        let alarm = loop.scheduleTask(deadline: deadline) {
            promise.fail(WalletSilence.noAnswer)
            line.close(promise: nil)
        }
        // At once, and not when this task goes on: by then the line may carry another request.
        promise.futureResult.whenComplete { _ in alarm.cancel() }
        let exchange = WalletExchange(
            head: head,
            body: ByteBuffer(bytes: request.body),
            answerLimit: request.answerLimit,
            mayWrite: request.mayWrite,
            promise: promise
        )
        line.writeAndFlush(exchange).whenFailure { _ in promise.fail(WalletSilence.noAnswer) }
        do {
            let reply = try await promise.futureResult.get()
            let date = reply.headers.first(name: "Date").flatMap { HTTPDate.parse($0) }
            return Answer(response: reply.response, date: date)
        } catch {
            throw error as? WalletSilence ?? .noAnswer
        }
    }
}
