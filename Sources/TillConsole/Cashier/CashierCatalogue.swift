// Part of Tillbridge. See LICENSE.
import TillCashier
import TillDomain
import TillEngine

/// What registers show in each state, asked of the same code that the plug-in answers with, and what the cashier does
/// then.
enum CashierCatalogue {
    /// What the cashier does next; each has a text.
    enum Step: String, CaseIterable, Sendable {
        case sell, wait, askShopper, handOver, keepGoods, scanAgain, otherWallet, otherTender, tryAgain, decideLast
        case callSupport, lookAgain, tellShopper, useConsole
    }

    struct Entry: Sendable {
        /// The words on the register's interface: `outcome`, and `reason`, `waitingFor` or `final` beside it.
        let outcome: String
        let detail: String
        let english: String
        let chinese: String
        let step: Step

        fileprivate init(_ outcome: StaticString, _ detail: StaticString, _ message: CashierMessage, _ step: Step) {
            self.outcome = "\(outcome)"
            self.detail = "\(detail)"
            english = String(decoding: message.english, as: UTF8.self)
            chinese = String(decoding: message.chinese, as: UTF8.self)
            self.step = step
        }
    }

    /// The parts of the page.
    enum Section: String, CaseIterable, Sendable {
        case sale, declined, unavailable, refund
    }

    /// The seconds of the example; a register shows those that remain.
    static let exampleSeconds: Int64 = 5

    static func entries(_ section: Section) -> [Entry] {
        switch section {
        case .sale: sale
        case .declined:
            DeclineReason.allCases.map {
                Entry(SaleOutcome.declined.wireName, $0.wireName, CashierMessage(.declined($0)), step($0))
            }
        case .unavailable: unavailable
        case .refund: RefundState.allCases.map { Entry("refund", $0.wireName, CashierMessage($0), step($0)) }
        }
    }

    private static var sale: [Entry] {
        func entry(_ outcome: SaleOutcome, _ detail: StaticString, _ situation: CashierMessage.Situation, _ step: Step)
            -> Entry
        { Entry(outcome.wireName, detail, CashierMessage(situation), step) }
        return [
            Entry("status", "available", CashierMessage(.ready), .sell),
            entry(.waiting, Waiting.wallet.wireName, .waiting(for: .wallet), .wait),
            entry(.waiting, Waiting.shopper.wireName, .waiting(for: .shopper), .askShopper),
            entry(.paid, "", .paid, .handOver),
            entry(.cancelled, "final: false", .cancelled(isFinal: false), .keepGoods),
            entry(.cancelled, "final: true", .cancelled(isFinal: true), .scanAgain),
            entry(.busy, "", .busy(seconds: exampleSeconds), .tryAgain),
            entry(.unacknowledged, "", .unacknowledged, .decideLast),
        ]
    }

    private static var unavailable: [Entry] {
        let reasons: [(reason: AnswerReason, step: Step)] = [
            (.offline, .otherTender), (.clockUnknown, .otherTender), (.starting, .tryAgain),
            (.walletDark, .otherWallet), (.disabled, .otherTender), (.journalFull, .callSupport),
            (.journalDamaged, .callSupport),
        ]
        return reasons.map { reason, step in
            Entry(
                SaleOutcome.unavailable.wireName,
                reason.wireName,
                CashierMessage(.unavailable(reason)),
                step
            )
        }
    }

    private static func step(_ reason: DeclineReason) -> Step {
        switch reason {
        case .codeExpired, .codeUsed, .codeInvalid, .closed: .scanAgain
        case .unsupportedCode, .insufficientFunds, .payerDeclined, .payerRestricted, .limitExceeded, .risk: .otherWallet
        case .merchantConfiguration: .callSupport
        }
    }

    private static func step(_ state: RefundState) -> Step {
        switch state {
        case .requested, .accepted: .lookAgain
        case .done: .tellShopper
        case .failed, .refused: .useConsole
        }
    }
}
