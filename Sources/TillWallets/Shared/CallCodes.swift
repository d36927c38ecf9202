// Part of Tillbridge. See LICENSE.
import TillEngine

/// The documented codes of one protocol's refusals, call by call. What is not listed is unknown.
struct CallCodes: Sendable {
    let pay: CodeTable<PayOutcome>
    let query: CodeTable<QueryOutcome>
    let cancel: CodeTable<CancelOutcome>
    let refund: CodeTable<RefundOutcome>
    let refundQuery: CodeTable<RefundQueryOutcome>

    /// - Parameters:
    ///   - code: As the wallet wrote it.
    ///   - listed: As the tables have it, where that differs.
    func reading(_ code: String, listed: String? = nil, of operation: WalletOperation) -> WalletReading {
        guard let known = meaning(listed ?? code, of: operation) else {
            return WalletReading(outcome: operation.unknown(.unlistedCode), code: code, alarm: .unlistedCode)
        }
        return WalletReading(outcome: known.outcome, code: code, alarm: known.alarm)
    }

    private func meaning(_ code: String, of operation: WalletOperation) -> CodeMeaning<WalletOutcome>? {
        switch operation {
        case .pay: pay[code].map { CodeMeaning(outcome: .pay($0.outcome), alarm: $0.alarm) }
        case .query: query[code].map { CodeMeaning(outcome: .query($0.outcome), alarm: $0.alarm) }
        case .cancel: cancel[code].map { CodeMeaning(outcome: .cancel($0.outcome), alarm: $0.alarm) }
        case .refund: refund[code].map { CodeMeaning(outcome: .refund($0.outcome), alarm: $0.alarm) }
        case .refundQuery: refundQuery[code].map { CodeMeaning(outcome: .refundQuery($0.outcome), alarm: $0.alarm) }
        case .returns:
            refundQuery[code].map { CodeMeaning(outcome: .query(nothingReturned($0.outcome)), alarm: $0.alarm) }
        }
    }

    /// Without a refund to look at it stays what the order's state said.
    private func nothingReturned(_ outcome: RefundQueryOutcome) -> QueryOutcome {
        if case .unknown(let cause) = outcome { .unknown(cause) } else { .unknown(.refundExists) }
    }
}

/// What the state of an order means as the answer to a query.
enum TradeState: Equatable, Sendable {
    /// Paid needs the fields of the answer; the other states speak for themselves.
    case paid
    case other(QueryOutcome)
}

extension CodeTable where Outcome == TradeState {
    /// - Parameter trade: The answer's trade. Without one, *paid* has no reading.
    func reading(_ state: String, _ trade: WalletTrade?) -> WalletReading? {
        switch self[state]?.outcome {
        case .paid: trade.map { WalletReading(outcome: .query(.paid($0)), code: state) }
        case .other(let outcome): WalletReading(outcome: .query(outcome), code: state)
        case nil: WalletReading(outcome: .query(.unknown(.unlistedCode)), code: state, alarm: .unlistedCode)
        }
    }
}

extension CodeTable where Outcome == RefundQueryOutcome {
    /// What the state of a refund means.
    func reading(_ state: String) -> WalletReading {
        guard let meaning = self[state] else {
            return WalletReading(
                outcome: .refundQuery(.unknown(.unlistedCode)),
                code: state,
                alarm: .unlistedCode
            )
        }
        return WalletReading(outcome: .refundQuery(meaning.outcome), code: state, alarm: meaning.alarm)
    }
}
