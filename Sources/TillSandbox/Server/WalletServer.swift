// Part of Tillbridge. See LICENSE.
import HTTPTypes
import Hummingbird
import NIOCore
import TillLoops

/// Takes calls for one wallet: reads, lets a fault strike, executes, answers, and logs how long it took.
struct WalletServer<Face: WalletFace>: Sendable {
    let face: Face
    let core: SandboxCore
    let log: CallLog
    /// The TLS port, where some paths demand a client certificate.
    let isTLS: Bool

    private static var largestBody: Int { 256 * 1024 }

    /// Works on the thread of the call's connection, as does whatever reads and writes there: what is logged is from
    /// the request read to the answer written, with no waking of other threads before and after it.
    func serve(_ request: Request, _ context: SandboxContext) async throws -> Response {
        try await withTaskExecutorPreference(EventLoopsExecutor.here) { try await answer(request, context) }
    }

    private func answer(_ request: Request, _ context: SandboxContext) async throws -> Response {
        if !isTLS, !context.isLoopback, face.demandsCertificate(request.uri.path) {
            return Problem(.forbidden, name: "loopback-only", detail: "This path needs TLS from other machines.")
                .response
        }
        let body = try await request.body.collect(upTo: WalletServer.largestBody)
        let started = ContinuousClock.now
        let at = core.realNow
        let reading = face.read(
            WalletRequest(
                method: request.method.rawValue,
                path: request.uri.path,
                query: request.uri.query ?? "",
                contentType: request.headers[.contentType] ?? "",
                body: Array(buffer: body),
                clientCertificate: isTLS ? try await context.clientCertificate() : .plainPort,
                headers: WalletServer.headers(of: request)
            ),
            policies: core.policies,
            realNow: at
        )
        switch reading {
        case .refused(let reply), .answered(let reply):
            let record = Pending(at: at, started: started, operation: nil, number: nil, fault: nil)
            return deliver(reply, record)
        case .call(let call):
            let delivery = try await core.perform { [face] state, now in
                face.carryOut(call, on: &state, at: now)
            }
            let record = Pending(
                at: at,
                started: started,
                operation: delivery.operation,
                number: call.merchantOrderNumber,
                fault: delivery.fault
            )
            return await deliver(delivery, record, context)
        }
    }

    private static func headers(of request: Request) -> [String: String] {
        var headers: [String: String] = [:]
        for field in request.headers { headers[field.name.canonicalName] = field.value }
        headers["host"] = request.head.authority
        return headers
    }

    private func deliver(_ delivery: WalletDelivery, _ record: Pending, _ context: SandboxContext) async -> Response {
        switch delivery.course {
        case .reply(let reply, let wait, let over):
            if wait > 0 { await Pause.milliseconds(wait) }
            return deliver(reply, record, over: over)
        case .silence(let milliseconds):
            log(record, outcome: "silence", answered: false)
            await context.keepSilent(milliseconds: milliseconds)
        case .reset:
            log(record, outcome: "reset", answered: false)
            await context.reset()
        }
        return Response(status: .internalServerError)
    }

    /// Writes the reply and logs the call when its last byte has been handed to the connection.
    private func deliver(_ reply: WalletReply, _ record: Pending, over milliseconds: Int64 = 0) -> Response {
        let body = ResponseBody(contentLength: reply.body.count) { writer in
            if milliseconds > 0 {
                let pieces = 20
                let size = max(1, (reply.body.count + pieces - 1) / pieces)
                for start in stride(from: 0, to: reply.body.count, by: size) {
                    try await writer.write(ByteBuffer(bytes: reply.body[start..<min(start + size, reply.body.count)]))
                    await Pause.milliseconds(milliseconds / Int64(pieces))
                }
            } else {
                try await writer.write(ByteBuffer(bytes: reply.body))
            }
            try await writer.finish(nil)
            log(record, outcome: reply.outcome, answered: true)
        }
        var headers: HTTPFields = [.contentType: reply.contentType]
        for (name, value) in reply.headers {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        return Response(status: .init(code: reply.status), headers: headers, body: body)
    }

    private func log(_ record: Pending, outcome: String, answered: Bool) {
        let elapsed = record.started.duration(to: .now).components
        let microseconds = elapsed.seconds * 1_000_000 + elapsed.attoseconds / 1_000_000_000_000
        log.append(
            CallRecord(
                at: record.at,
                wallet: face.wallet,
                operation: record.operation,
                merchantOrderNumber: record.number,
                microseconds: answered ? microseconds : nil,
                outcome: outcome,
                fault: record.fault
            )
        )
    }
}

/// A call whose answer has not been written yet.
private struct Pending: Sendable {
    let at: Int64
    let started: ContinuousClock.Instant
    let operation: SandboxOperation?
    let number: String?
    let fault: FaultKind?
}
