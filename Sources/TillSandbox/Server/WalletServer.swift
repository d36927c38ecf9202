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
        if !isTLS, !context.isLoopback, request.uri.path.hasPrefix("/secapi/") {
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
                clientCertificate: isTLS ? try await context.clientCertificate() : .plainPort
            ),
            policies: core.policies,
            realNow: at
        )
        switch reading {
        case .refused(let reply):
            let record = Pending(at: at, started: started, operation: nil, number: nil, fault: nil)
            return deliver(reply, record)
        case .call(let call):
            let (fault, answer) = try await execute(call)
            let record = Pending(
                at: at,
                started: started,
                operation: call.operation,
                number: call.merchantOrderNumber,
                fault: fault?.fault
            )
            return await answerWith(answer, to: call, fault: fault, record, context)
        }
    }

    // MARK: The books

    /// Carries the call out, as far as the fault that strikes it lets it. The answer is nil if it was not carried out.
    private func execute(_ call: Face.Call) async throws -> (Fault?, Face.Answer?) {
        let wallet = face.wallet
        return try await core.perform { [face] state, now in
            let fault = state.drawFault(wallet, call.operation)
            var course = RefundCourse.ordinary
            switch fault?.fault {
            case .dropRequest, .errorNotDone, .cancelRetry:
                return (fault, nil)
            case .lateExecution:
                guard let fault, let request = call.payRequest else { return (fault, nil) }
                let late = LatePay(
                    id: "\(request.merchantOrderNumber)-\(state.generator.digits(8))",
                    due: now + state.pace.wait(seconds: fault.seconds),
                    request: request
                )
                state[wallet].add(late)
                return (fault, nil)
            case .duplicate:
                _ = face.execute(call, on: &state, at: now, course: course)
            case .refundFailsLater:
                course = RefundCourse(failsAfter: Int64((fault?.seconds ?? 0) * 1000))
            default:
                break
            }
            return (fault, face.execute(call, on: &state, at: now, course: course))
        }
    }

    // MARK: The answer

    private func answerWith(
        _ answer: Face.Answer?,
        to call: Face.Call,
        fault: Fault?,
        _ record: Pending,
        _ context: SandboxContext
    ) async -> Response {
        let wait = core.pace.wait(seconds: fault?.seconds ?? 0)
        func truth(_ distortion: Distortion = .none) -> WalletReply {
            guard let answer else { return face.reply(.systemError, to: call) }
            return face.reply(answer, to: call, distortion: distortion)
        }
        switch fault?.fault {
        case nil, .duplicate, .refundFailsLater:
            return deliver(truth(), record)
        case .dropRequest, .dropReply:
            log(record, outcome: "silence", answered: false)
            await context.keepSilent(milliseconds: wait)
            return Response(status: .internalServerError)
        case .lateExecution:
            log(record, outcome: "silence", answered: false)
            await context.keepSilent(milliseconds: core.pace.wait(seconds: FaultKind.dropRequest.defaultSeconds))
            return Response(status: .internalServerError)
        case .reset:
            log(record, outcome: "reset", answered: false)
            await context.reset()
            return Response(status: .internalServerError)
        case .delay:
            await Pause.milliseconds(wait)
            return deliver(truth(), record)
        case .slowBody:
            return deliver(truth(), record, over: wait)
        case .errorButDone, .errorNotDone:
            return deliver(face.reply(.systemError, to: call), record)
        case .cancelRetry:
            return deliver(face.reply(.callAgain, to: call), record)
        case .unsignedError:
            return deliver(face.reply(.unsignedError, to: call), record)
        case .wrongCharset:
            return deliver(face.reply(.foreignCharset, to: call), record)
        case .badSignature:
            return deliver(truth(Distortion(amountShift: 0, breaksSignature: true)), record)
        case .wrongAmount:
            return deliver(truth(Distortion(amountShift: 1, breaksSignature: false)), record)
        case .http500:
            return deliver(WalletReply.page(status: 500, title: "500 Internal Server Error"), record)
        case .htmlPage:
            return deliver(WalletReply.page(status: 200, title: "Service maintenance"), record)
        }
    }

    /// Writes the reply and logs the call when its last byte has been handed to the connection.
    private func deliver(_ reply: WalletReply, _ record: Pending, over milliseconds: Int64? = nil) -> Response {
        let body = ResponseBody(contentLength: reply.body.count) { writer in
            if let milliseconds {
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
        return Response(
            status: .init(code: reply.status),
            headers: [.contentType: reply.contentType],
            body: body
        )
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

extension WalletReply {
    /// What a load balancer or a provider's maintenance shows instead of the wallet.
    static func page(status: Int, title: String) -> WalletReply {
        let html = "<html><head><title>\(title)</title></head><body><h1>\(title)</h1></body></html>"
        return WalletReply(status: status, contentType: "text/html", body: Array(html.utf8), outcome: "http-\(status)")
    }
}
