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
        /// For the whole body to arrive.
        var bodySeconds = 5
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
        logger: Logger,
        started: @escaping @Sendable (Int) async -> Void
    ) throws(StartError) {
        self.handler = handler
        self.host = host
        self.port = port
        self.limits = Limits()
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
            return tls
        } catch {
            throw StartError(
                "The certificate \(transport.certificateFile) or its key cannot be used: restore both from the key folder."
            )
        }
    }

    package func run() async throws {
        let responder = Responder(handler: handler, limits: limits)
        let channel = HTTP1Channel.Configuration(
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
            logger: logger
        )
        try await application.run()
    }
}

/// Why a request was not read to its end.
private enum Refusal: Error {
    case tooLarge, tooSlow
    /// Not an answer: ends the connection after one.
    case hangUp

    var problem: Problem {
        switch self {
        case .tooLarge, .hangUp: Problem(.tooLarge, detail: "The body is too large.")
        case .tooSlow: Problem(.malformed, detail: Array("The request did not arrive in time.".utf8), status: 408)
        }
    }
}

/// Reads a request within its limits and hands it on.
private struct Responder: HTTPResponder {
    typealias Context = BasicRequestContext

    let handler: any GatewayHandler
    let limits: GatewayServer.Limits

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
            body = try await collect(request.body, limit: limit)
        } catch let refusal as Refusal {
            return response(GatewayAnswer(refusal.problem), close: true)
        }
        var headers = HTTPHeaders()
        for field in request.headers { headers.add(field.name.canonicalName.utf8, field.value.utf8) }
        return response(
            await handler.answer(GatewayRequest(method: method, path: path, headers: headers, body: body)),
            close: false
        )
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
        return length > limit ? Refusal.tooLarge.problem : nil
    }

    private func collect(_ body: RequestBody, limit: Int) async throws -> [UInt8] {
        try await withThrowingTaskGroup(of: [UInt8].self) { group in
            group.addTask {
                do {
                    return Array(buffer: try await body.collect(upTo: limit))
                } catch is NIOTooManyBytesError {
                    throw Refusal.tooLarge
                }
            }
            group.addTask {
                try await Task.sleep(for: .seconds(limits.bodySeconds))
                throw Refusal.tooSlow
            }
            defer { group.cancelAll() }
            guard let body = try await group.next() else { throw Refusal.tooSlow }
            return body
        }
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
                throw Refusal.hangUp
            }
        )
    }
}

extension GatewayServer: Service {}
