// Part of Tillbridge. See LICENSE.

/// What a caller gets to see of a call, by the fault that struck it. Spans in real milliseconds.
package struct WalletDelivery: Sendable {
    package enum Course: Sendable {
        /// Written after `wait`, its body over `over`.
        case reply(WalletReply, wait: Int64, over: Int64)
        /// Nothing for so long, then the connection ends.
        case silence(Int64)
        /// The connection is reset in place of an answer.
        case reset
    }

    package let operation: SandboxOperation
    package let course: Course
    package let fault: FaultKind?
}

extension WalletFace {
    /// Carries a call out as far as the fault that strikes it lets it, and says what the caller sees. Pure.
    package func carryOut(_ call: Call, on state: inout SandboxState, at now: Int64) -> WalletDelivery {
        let operation = operation(of: call, in: state)
        let fault = state.drawFault(wallet, operation, code: call.payRequest?.code)
        let answer = execute(call, under: fault, on: &state, at: now)
        return WalletDelivery(
            operation: operation,
            course: course(answer, to: call, under: fault, pace: state.pace),
            fault: fault?.fault
        )
    }

    /// Nil if it was not carried out.
    private func execute(_ call: Call, under fault: Fault?, on state: inout SandboxState, at now: Int64) -> Answer? {
        var course = RefundCourse.ordinary
        switch fault?.fault {
        case .dropRequest, .errorNotDone, .cancelRetry:
            return nil
        case .lateExecution:
            guard let fault, let request = call.payRequest else { return nil }
            let late = LatePay(
                id: "\(request.merchantOrderNumber)-\(state.generator.digits(8))",
                due: now + state.pace.wait(seconds: fault.seconds),
                request: request
            )
            state[wallet].add(late)
            return nil
        case .duplicate:
            _ = execute(call, on: &state, at: now, course: course)
        case .refundFailsLater:
            course = RefundCourse(failsAfter: Int64((fault?.seconds ?? 0) * 1000))
        default:
            break
        }
        return execute(call, on: &state, at: now, course: course)
    }

    private func course(_ answer: Answer?, to call: Call, under fault: Fault?, pace: Pace) -> WalletDelivery.Course {
        let wait = pace.wait(seconds: fault?.seconds ?? 0)
        func truth(_ distortion: Distortion = .none) -> WalletReply {
            guard let answer else { return reply(.systemError, to: call) }
            return reply(answer, to: call, distortion: distortion)
        }
        func now(_ reply: WalletReply) -> WalletDelivery.Course { .reply(reply, wait: 0, over: 0) }
        switch fault?.fault {
        case nil, .duplicate, .refundFailsLater: return now(truth())
        case .dropRequest, .dropReply: return .silence(wait)
        case .lateExecution: return .silence(pace.wait(seconds: FaultKind.dropRequest.defaultSeconds))
        case .reset: return .reset
        case .delay: return .reply(truth(), wait: wait, over: 0)
        case .slowBody: return .reply(truth(), wait: 0, over: wait)
        case .errorButDone, .errorNotDone: return now(reply(.systemError, to: call))
        case .cancelRetry: return now(reply(.callAgain, to: call))
        case .unsignedError: return now(reply(.unsignedError, to: call))
        case .wrongCharset: return now(reply(.foreignCharset, to: call))
        case .badSignature: return now(truth(Distortion(amountShift: 0, breaksSignature: true)))
        case .wrongAmount: return now(truth(Distortion(amountShift: 1, breaksSignature: false)))
        case .http500: return now(WalletReply.page(status: 500, title: "500 Internal Server Error"))
        case .htmlPage: return now(WalletReply.page(status: 200, title: "Service maintenance"))
        }
    }
}

extension WalletReply {
    /// What a load balancer or a provider's maintenance shows instead of the wallet.
    static func page(status: Int, title: String) -> WalletReply {
        let html = "<html><head><title>\(title)</title></head><body><h1>\(title)</h1></body></html>"
        return WalletReply(status: status, contentType: "text/html", body: Array(html.utf8), outcome: "http-\(status)")
    }
}
