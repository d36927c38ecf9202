// Part of Tillbridge. See LICENSE.

/// Everything the sandbox knows: the wallets, the policies, the faults, its clock and its chance. Pure; the core
/// around it stores the changes before anybody hears of them.
package struct SandboxState: Sendable {
    package var alipay: AlipayWallet
    package var weChatPay: WeChatWallet
    package var qqWallet: QQWallet
    package var unionPay: UnionPayWallet
    package var policies = Policies()
    package var faults: [Fault] = []
    /// Milliseconds by which the sandbox's clock is ahead of the real one.
    package var clockOffset: Int64 = 0
    package let pace: Pace
    package let realisticShoppers: Bool
    package var generator: SeededGenerator
    private var settings: [Change] = []

    package init(pace: Pace, seed: UInt64, realisticShoppers: Bool) {
        alipay = AlipayWallet(book: TradeBook(wallet: .alipay, pace: pace))
        weChatPay = WeChatWallet(book: TradeBook(wallet: .wechatpay, pace: pace))
        qqWallet = QQWallet(book: TradeBook(wallet: .qqwallet, pace: pace))
        unionPay = UnionPayWallet(book: TradeBook(wallet: .unionpay, pace: pace))
        self.pace = pace
        self.realisticShoppers = realisticShoppers
        generator = SeededGenerator(seed: seed)
    }

    package subscript(wallet: SandboxWallet) -> TradeBook {
        get {
            switch wallet {
            case .alipay: alipay.book
            case .wechatpay: weChatPay.book
            case .qqwallet: qqWallet.book
            case .unionpay: unionPay.book
            }
        }
        _modify {
            switch wallet {
            case .alipay: yield &alipay.book
            case .wechatpay: yield &weChatPay.book
            case .qqwallet: yield &qqWallet.book
            case .unionpay: yield &unionPay.book
            }
        }
    }

    /// Lets everything happen that is due by now.
    package mutating func settle(until now: Int64) {
        alipay.settle(until: now, policies: policies, using: &generator)
        weChatPay.settle(until: now, policies: policies, using: &generator)
        qqWallet.settle(until: now, policies: policies, using: &generator)
        unionPay.settle(until: now, policies: policies, using: &generator)
    }

    package mutating func store(setting name: String, _ value: String) {
        settings.append(.setting(name: name, value: value))
    }

    package mutating func drainChanges() -> [Change] {
        defer { settings = [] }
        return alipay.book.drainChanges() + weChatPay.book.drainChanges() + qqWallet.book.drainChanges()
            + unionPay.book.drainChanges() + settings
    }

    /// The fault that strikes this call, if one does. Its count goes down.
    package mutating func drawFault(
        _ wallet: SandboxWallet,
        _ operation: SandboxOperation,
        code: String? = nil
    ) -> Fault? {
        for index in faults.indices where faults[index].applies(to: wallet, operation, code: code) {
            let probability = faults[index].probability
            guard probability >= 1 || Double.random(in: 0..<1, using: &generator) < probability else { continue }
            faults[index].hits += 1
            if let count = faults[index].count { faults[index].count = count - 1 }
            storeSettings()
            return faults[index]
        }
        return nil
    }

    /// Issues a payment code; see ``TradeBook/issue(behaviour:shopper:balance:life:at:using:)``.
    package mutating func issueCode(
        _ wallet: SandboxWallet,
        behaviour: Behaviour,
        shopper: String?,
        balance: Int64?,
        life: Int64,
        at now: Int64
    ) -> IssuedCode {
        // The generator is copied out: the books and it are parts of one value.
        var generator = generator
        defer { self.generator = generator }
        return self[wallet].issue(
            behaviour: behaviour,
            shopper: shopper,
            balance: balance,
            life: life,
            at: now,
            using: &generator
        )
    }

    /// A behaviour as a shop would see it: most shoppers just pay.
    package mutating func drawBehaviour() -> Behaviour {
        guard realisticShoppers else { return .pays }
        switch Int.random(in: 0..<1000, using: &generator) {
        case ..<880: return .pays
        case ..<960: return .passwordPaysAfter(seconds: Int.random(in: 2...15, using: &generator))
        case ..<970: return .never
        case ..<982: return .insufficient
        case ..<992: return .expired
        case ..<997: return .used
        default: return .riskRefused
        }
    }
}
