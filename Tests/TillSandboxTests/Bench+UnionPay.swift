// Part of Tillbridge. See LICENSE.
import TillSandbox

extension Bench {
    /// Pays at UnionPay and waits for the decision.
    @discardableResult
    mutating func consume(_ number: String, _ behaviour: Behaviour = .pays, time: String = Bench.orderTime) -> PayAnswer
    {
        let answer = pay(consumeRequest(number, code: code(.unionpay, behaviour), time: time))
        pass(UnionPayWallet.deliberation)
        return answer
    }

    func consumeRequest(_ number: String, code: String, time: String, amount: Int64 = 1290) -> PayRequest {
        PayRequest(
            wallet: .unionpay,
            merchantOrderNumber: number,
            orderTime: time,
            code: code,
            amount: amount,
            subject: "milk",
            fingerprint: "",
            echoes: [:],
            life: UnionPayWallet.unpaidLife,
            absoluteExpiry: nil
        )
    }

    mutating func unionReverse(_ number: String, time: String = Bench.orderTime) -> UnionPayWallet.ReverseAnswer {
        state.unionPay.reverse(number: number, time: time, at: now)
    }

    func unionFinding(_ number: String, time: String = Bench.orderTime) -> UnionPayWallet.Finding? {
        state.unionPay.query(.order(number: number, time: time), policies: state.policies, at: now)
    }

    /// `origRespCode` of a query; nil where the answer is 34.
    func unionOutcome(_ number: String, time: String = Bench.orderTime) -> String? {
        unionFinding(number, time: time).map(UnionPayWallet.outcome)
    }

    mutating func unionGiveBack(
        _ number: String,
        _ refund: String,
        _ amount: Int64,
        isVoid: Bool = false,
        original: UnionPayWallet.Reference? = nil,
        course: RefundCourse = .ordinary
    ) -> UnionPayWallet.GiveBackAnswer {
        let request = UnionPayWallet.GiveBackRequest(
            isVoid: isVoid,
            number: refund,
            time: Bench.orderTime,
            amount: amount,
            original: original ?? .order(number: number, time: Bench.orderTime),
            echoes: [:]
        )
        return state.unionPay.giveBack(request, course: course, at: now, using: &state.generator)
    }
}

extension UnionPayWallet.GiveBackAnswer {
    var record: RefundRecord? { if case .accepted(let record) = self { record } else { nil } }
    var refusal: String? { if case .refused(let code, _) = self { code } else { nil } }
}

extension UnionPayWallet.ReverseAnswer {
    var isDone: Bool { if case .done = self { true } else { false } }
}
