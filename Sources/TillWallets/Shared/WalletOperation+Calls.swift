// Part of Tillbridge. See LICENSE.
package import TillEngine

/// How long a call may last, in milliseconds. A payment may take the wallet a while; whoever asks can ask again.
enum WalletTimeouts {
    static let connect: Int64 = 2_000
    /// A day's statement, which nobody at a register waits for.
    static let file: Int64 = 120_000

    static func read(_ operation: WalletOperation) -> Int64 {
        switch operation {
        case .pay, .cancel, .refund: 10_000
        case .query, .refundQuery, .returns: 5_000
        }
    }
}

extension WalletOperation {
    /// The order that every call is about.
    var order: WalletOrder {
        switch self {
        case .pay(let payment): payment.order
        case .query(let order), .cancel(let order), .returns(let order): order
        case .refund(let refund), .refundQuery(let refund): refund.order
        }
    }

    /// "Nothing decided", in the words of the call that was asked.
    package func unknown(_ cause: UnknownCause) -> WalletOutcome {
        switch self {
        case .pay: .pay(.unknown(cause))
        case .query, .returns: .query(.unknown(cause))
        case .cancel: .cancel(.unknown(cause))
        case .refund: .refund(.unknown(cause))
        case .refundQuery: .refundQuery(.unknown(cause))
        }
    }
}
