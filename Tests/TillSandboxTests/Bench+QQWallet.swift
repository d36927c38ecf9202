// Part of Tillbridge. See LICENSE.
import TillSandbox

extension Bench {
    mutating func qqReverse(_ number: String) -> QQWallet.ReverseAnswer {
        state.qqWallet.reverse(number: number, policies: state.policies, at: now)
    }

    /// `trade_state` of an order's query.
    func qqState(_ number: String) -> String? { trade(.qqwallet, number).map(QQWallet.tradeState) }

    mutating func qqRefund(
        _ number: String,
        _ refund: String,
        _ amount: Int64,
        total: Int64? = nil,
        fingerprint: String? = nil,
        course: RefundCourse = .ordinary
    ) -> KeyedRefundAnswer {
        let request = KeyedRefundRequest(
            reference: .merchantNumber(number),
            number: refund,
            total: total,
            amount: amount,
            fingerprint: fingerprint ?? "\(number) \(refund) \(amount)"
        )
        return state.qqWallet.refund(request, course: course, at: now, using: &state.generator)
    }
}
