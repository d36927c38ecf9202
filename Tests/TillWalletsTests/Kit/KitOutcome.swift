// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine
import TillWallets

/// An outcome in the words of `scenarios.txt`.
enum KitOutcome {
    /// - Parameter order: *paid* is said only of this order, its amount and its nonce.
    static func text(_ outcome: WalletOutcome, of order: WalletOrder) -> String {
        switch outcome {
        case .pay(.paid(let trade)), .query(.paid(let trade)): trade.isPayment(of: order) ? "paid" : "another payment"
        case .pay(.waitingForShopper): "waiting"
        case .pay(.declined(let reason)): "declined \(reason.wireName)"
        case .query(.open): "open"
        case .query(.notFound), .cancel(.notFound), .refundQuery(.notFound): "not-found"
        case .query(.payError): "pay-error"
        case .query(.closed), .cancel(.closed): "closed"
        case .query(.returning): "returning"
        case .cancel(.refunded): "refunded"
        case .cancel(.refused): "refused"
        case .cancel(.retry), .refund(.retry): "retry"
        case .refund(.accepted): "accepted"
        case .refund(.done), .refundQuery(.done): "done"
        case .refundQuery(.pending): "pending"
        case .refund(.failed(let failure)), .refundQuery(.failed(let failure)): "failed \(failure)"
        case .pay(.unknown(let cause)), .query(.unknown(let cause)), .cancel(.unknown(let cause)),
            .refund(.unknown(let cause)), .refundQuery(.unknown(let cause)):
            "unknown \(text(cause))"
        }
    }

    private static func text(_ cause: UnknownCause) -> String {
        switch cause {
        case .neverLeft: "never-left"
        case .noAnswer: "no-answer"
        case .badSignature: "bad-signature"
        case .malformed: "malformed"
        case .walletUnsure: "wallet-unsure"
        case .unlistedCode: "unlisted-code"
        case .alreadyUsed: "already-used"
        case .notProcessed: "not-processed"
        case .refundExists: "refund-exists"
        }
    }

    /// The rows that are about the order, in the statement's order. Some wallets name a refund by its own number alone.
    static func text(_ statement: Statement?, of order: WalletOrder) -> String {
        let number = order.number.bytes
        let rows = statement?.rows.filter { $0.order == number || $0.refund.starts(with: number) } ?? []
        return rows.isEmpty ? "nothing" : rows.map { text($0, of: order) }.joined(separator: ", ")
    }

    private static func text(_ row: StatementRow, of order: WalletOrder) -> String {
        let number = (0..<10).first { order.number.refundNumber($0).bytes == row.refund }
        let sum = row.kind == .sale ? row.amount : row.refunded
        return "\(row.kind.wireName) \(sum.fen)" + (number.map { " as \($0)" } ?? "")
    }

    /// Whether it begins with the words that are expected, or with those of one of several between bars.
    static func matches(_ text: String, _ expected: String) -> Bool {
        expected.split(separator: "|").contains { words in
            let words = words.split(separator: " ")
            return text.split(separator: " ").prefix(words.count).elementsEqual(words)
        }
    }
}
