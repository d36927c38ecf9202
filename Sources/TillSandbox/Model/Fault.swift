// Part of Tillbridge. See LICENSE.

/// What can go wrong between a merchant and a wallet. `booked` says whether the wallet carries the call out.
package enum FaultKind: String, Codable, CaseIterable, Sendable {
    /// The call is lost on its way; silence.
    case dropRequest = "drop-request"
    /// Booked, then silence.
    case dropReply = "drop-reply"
    /// Booked, answered late.
    case delay
    /// Booked, answered with a system error.
    case errorButDone = "error-but-done"
    /// Not booked, answered with a system error.
    case errorNotDone = "error-not-done"
    /// Booked, the answer's signature does not match.
    case badSignature = "bad-signature"
    /// Booked, answered with an error that carries no signature.
    case unsignedError = "unsigned-error"
    /// Booked, answered with an error in GBK, whatever the request asked for.
    case wrongCharset = "wrong-charset"
    /// Silence now; booked after a while, whatever has happened to the number in between.
    case lateExecution = "late-execution"
    /// The call reaches the wallet twice; the second answer is the one that comes back.
    case duplicate
    /// Booked; the answer names one fen more.
    case wrongAmount = "wrong-amount"
    case http500 = "http-500"
    case htmlPage = "html-page"
    /// Booked; the answer's body trickles.
    case slowBody = "slow-body"
    /// Booked; the connection is reset instead of an answer.
    case reset
    /// A cancel answers "call again", nothing done.
    case cancelRetry = "cancel-retry"
    /// A refund is accepted and fails afterwards.
    case refundFailsLater = "refund-fails-later"

    /// The operations it makes sense for; nil for all.
    package var operations: [SandboxOperation]? {
        switch self {
        case .lateExecution: [.pay]
        case .cancelRetry: [.cancel]
        case .refundFailsLater: [.refund]
        case .wrongAmount: [.pay, .query, .refund, .refundQuery]
        default: nil
        }
    }

    /// Seconds of wallet time where a fault names none.
    package var defaultSeconds: Double {
        switch self {
        case .delay: 5
        case .lateExecution: 10
        case .slowBody: 5
        case .refundFailsLater: 3
        case .dropRequest, .dropReply: 120
        default: 0
        }
    }
}

/// One line of the list of faults.
package struct Fault: Codable, Equatable, Sendable {
    /// Nil: every wallet.
    package let wallet: SandboxWallet?
    /// Nil: every operation the fault makes sense for.
    package let operation: SandboxOperation?
    package let fault: FaultKind
    /// From 0 to 1.
    package let probability: Double
    /// How many more calls it strikes; nil: no end.
    package var count: Int?
    /// Seconds of wallet time.
    package let seconds: Double
    /// Strikes the pay calls with this payment code alone; nil: any call.
    package let code: String?
    /// How many calls it has struck.
    package var hits: Int

    package init(
        wallet: SandboxWallet?,
        operation: SandboxOperation?,
        fault: FaultKind,
        probability: Double,
        count: Int?,
        seconds: Double,
        code: String? = nil,
        hits: Int
    ) {
        self.wallet = wallet
        self.operation = operation
        self.fault = fault
        self.probability = probability
        self.count = count
        self.seconds = seconds
        self.code = code
        self.hits = hits
    }

    /// - Parameter code: The payment code of a pay call.
    package func applies(to wallet: SandboxWallet, _ operation: SandboxOperation, code: String? = nil) -> Bool {
        guard count != 0, self.wallet == nil || self.wallet == wallet else { return false }
        guard self.code == nil || self.code == code else { return false }
        guard self.operation == nil || self.operation == operation else { return false }
        return fault.operations?.contains(operation) ?? true
    }
}
