// Part of Tillbridge. See LICENSE.

extension TradeBook {
    /// How long an ordinary code lives, in milliseconds of wallet time.
    package static let codeLife: Int64 = 60_000
    /// How long a code lives that the phone made offline, by the harder answer to Q4.
    package static let offlineCodeLife: Int64 = 120_000

    /// Issues a code with the wallet's prefix and length. Without a shopper's name, a new shopper holds it.
    package mutating func issue(
        behaviour: Behaviour,
        shopper name: String?,
        balance: Int64?,
        life: Int64,
        at now: Int64,
        using generator: inout SeededGenerator
    ) -> IssuedCode {
        let name = name ?? "shopper-\(codes.count + 1)"
        var shopper = shoppers[name] ?? Shopper(wallet: wallet, name: name, opening: TradeBook.openingBalance)
        if let balance { shopper.opening = balance - ledger.balance(of: .shopper(name)) }
        if shoppers[name] != shopper { put(shopper) }
        var text: String
        repeat {
            text = wallet.codePrefix(using: &generator) + generator.digits(wallet == .unionpay ? 17 : 16)
        } while codes[text] != nil
        let code = IssuedCode(
            wallet: wallet,
            code: text,
            shopper: name,
            behaviour: behaviour,
            issuedAt: now,
            expiresAt: now + pace.wait(life),
            usedBy: nil
        )
        put(code)
        return code
    }

    /// Whether a payment under `key` may use the code now.
    package func judge(code text: String, for key: String, at now: Int64) -> Result<IssuedCode, CodeProblem> {
        guard let code = codes[text] else { return .failure(.unknown) }
        if code.behaviour == .used { return .failure(.used) }
        if code.behaviour == .expired { return .failure(.expired) }
        if let usedBy = code.usedBy, usedBy != key { return .failure(.used) }
        if now >= code.expiresAt { return .failure(.expired) }
        return .success(code)
    }

    package enum CodeProblem: Error, Sendable {
        case unknown, expired, used

        package var refusal: PayRefusal {
            switch self {
            case .unknown: .codeUnknown
            case .expired: .codeExpired
            case .used: .codeUsed
            }
        }
    }

    /// The first attempt uses a code up, whatever comes of it.
    package mutating func use(_ code: IssuedCode, for key: String) {
        guard code.usedBy == nil else { return }
        var code = code
        code.usedBy = key
        put(code)
    }
}

extension SandboxWallet {
    /// The first two digits of a code, weighted as they are seen in shops.
    fileprivate func codePrefix(using generator: inout SeededGenerator) -> String {
        let prefixes: [Int] =
            switch self {
            case .alipay: [28, 28, 28, 28, 25, 26, 27, 29, 30]
            case .wechatpay: [13, 13, 13, 13, 10, 11, 12, 14]
            case .qqwallet: [91]
            case .unionpay: [62]
            }
        return String(prefixes[Int.random(in: prefixes.indices, using: &generator)])
    }
}
