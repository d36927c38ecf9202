// Part of Tillbridge. See LICENSE.
import TillSandbox

/// The wallets on a table: no HTTP, no disk, and time moves when the test says so.
struct Bench {
    var state: SandboxState
    var now: Int64 = 1_795_343_400_000

    static let second: Int64 = 1000
    static let hour: Int64 = 3_600_000
    static let day: Int64 = 24 * hour
    /// The second half of an order's identity at UnionPay.
    static let orderTime = "20261122183000"

    private static func life(_ wallet: SandboxWallet) -> Int64 {
        switch wallet {
        case .alipay: 3 * hour
        case .wechatpay: WeChatWallet.unpaidLife
        case .qqwallet: QQWallet.unpaidLife
        case .unionpay: UnionPayWallet.unpaidLife
        }
    }

    init(speed: Double = 1, seed: UInt64 = 1) {
        state = SandboxState(pace: Pace(speed: speed), seed: seed, realisticShoppers: false)
        // Most tests look at an order at once.
        _ = state.policies.choose("prompt", for: .queryLag)
    }

    mutating func pass(_ milliseconds: Int64) {
        now += milliseconds
        state.settle(until: now)
    }

    mutating func choose(_ answer: String, for question: Policies.Question) {
        precondition(state.policies.choose(answer, for: question))
    }

    mutating func code(
        _ wallet: SandboxWallet,
        _ behaviour: Behaviour = .pays,
        shopper: String? = nil,
        balance: Int64? = nil,
        life: Int64 = TradeBook.codeLife
    ) -> String {
        state.issueCode(wallet, behaviour: behaviour, shopper: shopper, balance: balance, life: life, at: now).code
    }

    func request(
        _ wallet: SandboxWallet,
        _ number: String,
        code: String,
        amount: Int64 = 1290,
        life: Int64? = nil,
        expiry: Int64? = nil
    ) -> PayRequest {
        PayRequest(
            wallet: wallet,
            merchantOrderNumber: number,
            orderTime: wallet == .unionpay ? Bench.orderTime : nil,
            code: code,
            amount: amount,
            subject: "milk",
            fingerprint: wallet == .alipay ? "\(amount) milk" : "\(amount) \(code)",
            echoes: [:],
            life: life ?? Bench.life(wallet),
            absoluteExpiry: expiry
        )
    }

    /// Pays with a new code of this behaviour, or with the code given.
    @discardableResult
    mutating func pay(
        _ wallet: SandboxWallet,
        _ number: String,
        _ behaviour: Behaviour = .pays,
        code given: String? = nil,
        amount: Int64 = 1290
    ) -> PayAnswer {
        let code = given ?? code(wallet, behaviour)
        return pay(request(wallet, number, code: code, amount: amount))
    }

    @discardableResult
    mutating func pay(_ request: PayRequest) -> PayAnswer {
        switch request.wallet {
        case .alipay: state.alipay.pay(request, policies: state.policies, at: now, using: &state.generator)
        case .wechatpay: state.weChatPay.pay(request, policies: state.policies, at: now, using: &state.generator)
        case .qqwallet: state.qqWallet.pay(request, policies: state.policies, at: now, using: &state.generator)
        case .unionpay: state.unionPay.pay(request, policies: state.policies, at: now, using: &state.generator)
        }
    }

    mutating func cancel(_ number: String) -> AlipayWallet.CancelAnswer {
        state.alipay.cancel(.merchantNumber(number), policies: state.policies, at: now)
    }

    mutating func reverse(_ number: String) -> WeChatWallet.ReverseAnswer {
        state.weChatPay.reverse(.merchantNumber(number), policies: state.policies, at: now)
    }

    /// `trade_state` of an order's query.
    func weChatState(_ number: String) -> String? {
        trade(.wechatpay, number).map { WeChatWallet.tradeState(of: $0, policies: state.policies) }
    }

    mutating func alipayRefund(
        _ number: String,
        _ refund: String,
        _ amount: Int64,
        course: RefundCourse = .ordinary
    ) -> AlipayWallet.RefundAnswer {
        state.alipay.refund(
            .merchantNumber(number),
            number: refund,
            amount: amount,
            reason: "",
            course: course,
            at: now,
            using: &state.generator
        )
    }

    mutating func weChatRefund(
        _ number: String,
        _ refund: String,
        _ amount: Int64,
        total: Int64 = 1290,
        fingerprint: String? = nil,
        course: RefundCourse = .ordinary
    ) -> KeyedRefundAnswer {
        let request = KeyedRefundRequest(
            reference: .merchantNumber(number),
            number: refund,
            total: total,
            amount: amount,
            fingerprint: fingerprint ?? "\(number) \(refund) \(amount)",
            reason: ""
        )
        return state.weChatPay.refund(request, course: course, at: now, using: &state.generator)
    }

    func trade(_ wallet: SandboxWallet, _ number: String) -> Trade? { state[wallet].trades(number: number).last }

    func net(_ wallet: SandboxWallet, _ number: String) -> Int64? { trade(wallet, number)?.net }
}

extension PayAnswer {
    var isPaid: Bool { if case .paid = self { true } else { false } }
    var isWaiting: Bool { if case .waiting = self { true } else { false } }
    var refusal: PayRefusal? { if case .refused(let refusal) = self { refusal } else { nil } }
}
