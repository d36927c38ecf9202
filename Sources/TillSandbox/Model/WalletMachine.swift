// Part of Tillbridge. See LICENSE.

/// A wallet: its books under its rules. Pure: the moment, the policies and the chance come from the caller.
package protocol WalletMachine: Sendable {
    var book: TradeBook { get set }

    mutating func pay(
        _ request: PayRequest,
        policies: Policies,
        at now: Int64,
        using generator: inout SeededGenerator
    ) -> PayAnswer
}

extension WalletMachine {
    /// Lets everything happen that is due by `now`, each thing at its own moment and in order.
    package mutating func settle(until now: Int64, policies: Policies, using generator: inout SeededGenerator) {
        while let (due, job) = book.nextJob(until: now) {
            switch job {
            case .trade(let key):
                book.settle(key, at: due)
            case .latePay(let late):
                book.remove(late)
                // Nobody hears the answer.
                _ = pay(late.request, policies: policies, at: due, using: &generator)
            }
        }
    }

    /// The trade as a query sees it: a lagging wallet does not see a new one for a while (Q5).
    package func visible(_ trade: Trade?, policies: Policies, at now: Int64) -> Trade? {
        guard let trade else { return nil }
        let lag = policies[.queryLag] == "lagging" ? book.pace.wait(QueryLag.milliseconds) : 0
        return now < trade.createdAt + lag ? nil : trade
    }
}

package enum QueryLag {
    package static let milliseconds: Int64 = 2000
}

/// How a call names its order.
package enum OrderReference: Equatable, Sendable {
    case merchantNumber(String)
    case walletNumber(String)
}

extension TradeBook {
    package func trade(_ reference: OrderReference) -> Trade? {
        switch reference {
        case .merchantNumber(let number): trade(number: number)
        case .walletNumber(let number): trade(walletNumber: number)
        }
    }
}

package enum PayAnswer: Equatable, Sendable {
    case paid(Trade)
    case waiting(Trade)
    case refused(PayRefusal)
}

/// How a refund is carried out; a fault changes it.
package struct RefundCourse: Equatable, Sendable {
    /// Milliseconds of wallet time after which it fails; nil: it succeeds.
    package let failsAfter: Int64?

    package static let ordinary = RefundCourse(failsAfter: nil)

    package init(failsAfter: Int64?) { self.failsAfter = failsAfter }
}
