// Part of Tillbridge. See LICENSE.
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle
import TillDomain
import TillProtocol

/// What answers the requests of a ``GatewayServer``.
package protocol GatewayHandler: Sendable {
    /// The largest body that this path takes, in bytes. Nil: the path does not exist.
    func bodyLimit(method: String, path: String) -> Int?
    func answer(_ request: GatewayRequest) async -> GatewayAnswer
}

/// The HTTP/1.1 face of a cloud: sizes, times, framing. It knows nothing of payments.
package struct GatewayServer: Sendable {
    package struct Limits: Sendable {
        var headerBytes = 8 * 1024
        /// From the end of a request's head to the end of its body.
        var arrival = TimeAmount.seconds(5)
        /// For a connection on which nothing is read.
        var idleSeconds: Int64 = 75
        var connections = 4096
    }

    /// Mutual TLS 1.3 with the private authority.
    package struct Transport: Sendable {
        let authorityFile: String
        let certificateFile: String
        let keyFile: String

        package init(authorityFile: String, certificateFile: String, keyFile: String) {
            self.authorityFile = authorityFile
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    private let handler: any GatewayHandler
    private let host: String
    private let port: Int
    private let tls: TLSConfiguration?
    private let limits: Limits
    private let logger: Logger
    private let started: @Sendable (Int) async -> Void

    /// - Parameters:
    ///   - port: 0 for any free one.
    ///   - transport: Nil for plain HTTP, which is for loopback only.
    ///   - started: Called once with the port that is listened on.
    package init(
        handler: any GatewayHandler,
        host: String,
        port: Int,
        transport: Transport?,
        limits: Limits = Limits(),
        logger: Logger,
        started: @escaping @Sendable (Int) async -> Void
    ) throws(StartError) {
        self.handler = handler
        self.host = host
        self.port = port
        self.limits = limits
        self.logger = logger
        self.started = started
        tls = try transport.map { (transport) throws(StartError) in try GatewayServer.configuration(transport) }
    }

    private static func configuration(_ transport: Transport) throws(StartError) -> TLSConfiguration {
        let chain = try PrivateFile.readPublic(transport.certificateFile)
        let key = try PrivateFile.read(transport.keyFile)
        let authority = try PrivateFile.readPublic(transport.authorityFile)
        do {
            var tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMBytes(chain).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
            )
            tls.minimumTLSVersion = .tlsv13
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(authority))
            // A client has no host name to compare; that its certificate comes from the private authority is what counts.
            tls.certificateVerification = .noHostnameVerification
            tls.applicationProtocols = ["http/1.1"]
            // Every body has a length, so nobody has to wait for the other side's goodbye.
            tls.shutdownTimeout = .milliseconds(200)
            return tls
        } catch {
            throw StartError(
                "The certificate \(transport.certificateFile), its key \(transport.keyFile) or \(transport.authorityFile) "
                    + "cannot be used: restore all three from the key folder."
            )
        }
    }

    package func run() async throws {
        let responder = Responder(handler: handler)
        let (arrival, tooSlow) = (limits.arrival, GatewayAnswer(Refusal.tooSlow))
        let channel = HTTP1Channel.Configuration(
            additionalChannelHandlers: [ArrivalLimit(limit: arrival, refusal: tooSlow)],
            idleTimeout: .seconds(limits.idleSeconds),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: limits.headerBytes,
                maxHeaderListSize: limits.headerBytes,
                maxHeaderFieldCount: 64
            )
        )
        let plain = HTTPServerBuilder.http1(configuration: channel)
        let server = try tls.map { try HTTPServerBuilder.tls(plain, tlsConfiguration: $0) } ?? plain
        let started = started
        // What goes wrong at the start is said in one sentence; the layers beneath would add theirs.
        var quiet = logger
        quiet.logLevel = .critical
        let application = Application(
            responder: responder,
            server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                serverName: nil,
                reuseAddress: true,
                availableConnectionsDelegate: .maximum(limits.connections, logger: logger)
            ),
            onServerRunning: { channel in await started(channel.localAddress?.port ?? 0) },
            logger: quiet
        )
        try await application.run()
    }
}

/// What is answered to a request that is not read to its end.
private enum Refusal {
    static let tooLarge = Problem(.tooLarge, detail: "The body is too large.")
    static let tooSlow = Problem(
        .malformed,
        detail: Array("The request did not arrive in time.".utf8),
        status: 408
    )

    /// Not an answer: ends the connection after one.
    struct HangUp: Error {}
}

/// Reads a request within its limits and hands it on.
private struct Responder: HTTPResponder {
    typealias Context = BasicRequestContext

    let handler: any GatewayHandler

    func respond(to request: Request, context: Context) async throws -> Response {
        let path = request.uri.path
        let method = request.method.rawValue
        guard let limit = handler.bodyLimit(method: method, path: path) else {
            return response(GatewayAnswer(Problem(.notFound, detail: "See /openapi.json.")), close: true)
        }
        let problem = framing(request, limit: limit)
        if let problem { return response(GatewayAnswer(problem), close: true) }
        let body: [UInt8]
        do {
            body = Array(buffer: try await request.body.collect(upTo: limit))
        } catch is NIOTooManyBytesError {
            return response(GatewayAnswer(Refusal.tooLarge), close: true)
        }
        var headers = HTTPHeaders()
        for field in request.headers { headers.add(field.name.canonicalName.utf8, field.value.utf8) }
        let incoming = GatewayRequest(method: method, path: path, headers: headers, body: body)
        let answer = await withTaskExecutorPreference(EventLoopsExecutor.here) { await handler.answer(incoming) }
        return response(answer, close: false)
    }

    /// `Content-Length` only: no chunks, no trailers, no `Expect`.
    private func framing(_ request: Request, limit: Int) -> Problem? {
        if request.headers.contains(.transferEncoding) || request.headers.contains(.expect) {
            return Problem(.malformed, detail: "Send Content-Length, no transfer coding, no Expect.")
        }
        guard request.method == .post else { return nil }
        guard let length = request.headers[.contentLength].flatMap({ Int($0) }) else {
            return Problem(.malformed, detail: Array("Content-Length is missing.".utf8), status: 411)
        }
        return length > limit ? Refusal.tooLarge : nil
    }

    private func response(_ answer: GatewayAnswer, close: Bool) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = answer.contentType
        for header in answer.headers {
            guard let name = HTTPField.Name(header.name) else { continue }
            headers.append(HTTPField(name: name, value: header.value))
        }
        let buffer = ByteBuffer(bytes: answer.body)
        guard close else {
            return Response(
                status: .init(code: answer.status),
                headers: headers,
                body: ResponseBody(byteBuffer: buffer)
            )
        }
        // What was refused unread still stands on the connection: it ends here, whatever the client would like.
        headers[.connection] = "close"
        return Response(
            status: .init(code: answer.status),
            headers: headers,
            body: ResponseBody(contentLength: buffer.readableBytes) { writer in
                try await writer.write(buffer)
                try await writer.finish(nil)
                throw Refusal.HangUp()
            }
        )
    }
}

extension GatewayServer: Service {}
