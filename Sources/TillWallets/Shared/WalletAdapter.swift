// Part of Tillbridge. See LICENSE.
package import TillDomain
package import TillEngine

/// One wallet in one protocol version, for one account: request out, answer in.
///
/// An adapter opens no connection, reads no clock, draws no random number and keeps no state but what it need not
/// compute twice.
package protocol WalletAdapter: Sendable {
    var wallet: Wallet { get }
    var schedule: WalletSchedule { get }
    /// The statements of the account.
    var statements: any StatementSource { get }

    /// The request of one call. Each repetition of a call is made anew, with a fresh `message`.
    ///
    /// - Parameters:
    ///   - now: By the cloud's clock; wallets that date their requests take it for the signature's age.
    ///   - message: 128 fresh random bits, for wallets whose signature wants a random text.
    /// - Throws: ``WalletError`` before anything is sent.
    func request(
        for operation: WalletOperation,
        at now: Timestamp,
        message: MessageID
    ) throws(WalletError) -> OutboundRequest

    /// What a response means for the operation that was asked. It never fails: foreign bytes, a bad signature and an
    /// unlisted code are all "unknown", each with its cause. A wallet that dates its answers, or sends certificates with
    /// them, is held to ``InboundResponse/receivedAt``.
    func read(_ response: InboundResponse, of operation: WalletOperation) -> WalletReading

    /// What people may read of a request, in the wallet's own names.
    /// - Parameter message: The one that the request was made with.
    func shown(of operation: WalletOperation, message: MessageID) -> [WalletFact]

    /// What people may read of an answer that is believed: codes and states, in the wallet's own names.
    func shown(in response: InboundResponse, of operation: WalletOperation) -> [WalletFact]
}

extension WalletAdapter {
    /// The outcome alone.
    package func outcome(of operation: WalletOperation, from response: InboundResponse) -> WalletOutcome {
        read(response, of: operation).outcome
    }
}

/// What a response means, and what a person should know about it.
package struct WalletReading: Equatable, Sendable {
    package let outcome: WalletOutcome
    /// The wallet's own code, for the log and for counters: visible ASCII, at most 64 characters, no secret. Nil where
    /// the answer has none or is not to be believed.
    package let code: String?
    package let alarm: WalletAlarm?

    package init(outcome: WalletOutcome, code: String? = nil, alarm: WalletAlarm? = nil) {
        self.outcome = outcome
        self.code = code
        self.alarm = alarm
    }
}

/// Why somebody has to be called, besides what happens to the payment.
package enum WalletAlarm: Hashable, Sendable {
    /// Contract, account, permission, limit or key: the merchant's head office.
    case merchantAccount
    /// The wallet says that our request is wrong: the developers.
    case ourRequest
    /// The answer's signature is missing or wrong, or it is genuine and about another order: a forger, or a key that
    /// changed.
    case forgedAnswer
    /// A code that is in no table: the wallet changed, or the table has a gap.
    case unlistedCode
    /// Money that should have reached the shopper came back to the merchant.
    case refundReturned
}
