// Part of Tillbridge. See LICENSE.

/// Questions about the real wallets that no document answers. The sandbox can give either answer; the default is the
/// one that is harder for a merchant. (Q7's default is the one that the documents describe.)
package struct Policies: Equatable, Sendable {
    package enum Question: String, CaseIterable, Sendable {
        case cancelledUnknownThenPay = "Q1"
        case oldestRequest = "Q2"
        case absoluteExpiry = "Q3"
        case offlineCodeLife = "Q4"
        case queryLag = "Q5"
        case earlyReversal = "Q6"
        case echoesFreeData = "Q7"
        case afterReversal = "Q8"
        case billForm = "Q9"

        /// The answers it accepts, the default first.
        package var answers: [String] {
            switch self {
            case .cancelledUnknownThenPay: ["accepted", "refused"]
            case .oldestRequest: ["lenient", "strict"]
            case .absoluteExpiry: ["ignored", "applied"]
            case .offlineCodeLife: ["long", "short"]
            case .queryLag: ["lagging", "prompt"]
            case .earlyReversal: ["harm", "error"]
            case .echoesFreeData: ["echoed", "dropped"]
            case .afterReversal: ["refund", "revoked"]
            case .billForm: ["marked", "plain"]
            }
        }

        package var meaning: String {
            switch self {
            case .cancelledUnknownThenPay:
                "A pay call for a number that was cancelled before the wallet knew it (UnionPay refuses it)."
            case .oldestRequest:
                "The oldest request with a time of its own that is accepted: 10 minutes, or 1 minute (Alipay, UnionPay)."
            case .absoluteExpiry:
                "time_expire of a bar-code payment (Alipay, WeChat Pay): without effect, or the unpaid order ends then."
            case .offlineCodeLife:
                "Life of a code that the phone made offline: 120 seconds, or 60 like any other."
            case .queryLag:
                "For 2 seconds after a pay call a query still says that there is no such order, or it knows at once."
            case .earlyReversal:
                "A reverse too soon after the payment, 15 seconds at WeChat Pay and 5 minutes at QQ Wallet: answers success "
                    + "and does nothing, or is refused."
            case .echoesFreeData:
                "passback_params, attach and reqReserved come back in a query, or they do not."
            case .afterReversal:
                "WeChat Pay's state of a paid order after a reverse: REFUND, with a refund that takes 2 seconds, or REVOKED."
            case .billForm:
                "A bill of WeChat Pay: a byte order mark and CRLF, or neither."
            }
        }
    }

    private var chosen: [Question: String] = [:]

    package init() {}

    package subscript(question: Question) -> String {
        chosen[question] ?? question.answers[0]
    }

    /// False for an answer that the question does not have.
    package mutating func choose(_ answer: String, for question: Question) -> Bool {
        guard question.answers.contains(answer) else { return false }
        chosen[question] = answer
        return true
    }

    package var all: [String: String] {
        Dictionary(uniqueKeysWithValues: Question.allCases.map { ($0.rawValue, self[$0]) })
    }
}
