// Part of Tillbridge. See LICENSE.

/// A wallet the sandbox plays, by its name in the control interface.
package enum SandboxWallet: String, Codable, CaseIterable, Sendable {
    case alipay, wechatpay, qqwallet, unionpay
}

/// What a merchant can ask of a wallet.
package enum SandboxOperation: String, Codable, CaseIterable, Sendable {
    case pay, query, cancel, refund, refundQuery, bill
}

/// The state of a trade as the wallet's own books have it.
package enum TradeState: String, Codable, Sendable {
    /// The shopper has been asked and has not decided.
    case waiting
    case paid
    /// Ended without money: expired, declined, or closed by the merchant.
    case closed
    /// Ended by the merchant's cancel; whatever had been paid went back.
    case reversed
    /// Paid, and paid back in full by refunds.
    case refunded
}

/// What the shopper behind a payment code does when it is scanned.
package enum Behaviour: Equatable, Sendable {
    case pays
    /// Asks for the password and waits for the phone page or the control interface.
    case password
    /// Asks for the password, which is typed after so many seconds of wallet time.
    case passwordPaysAfter(seconds: Int)
    case never
    case insufficient
    case expired
    case used
    case riskRefused

    /// Nil for a text that names no behaviour.
    package init?(text: String) {
        switch text {
        case "pays": self = .pays
        case "password": self = .password
        case "never": self = .never
        case "insufficient": self = .insufficient
        case "expired": self = .expired
        case "used": self = .used
        case "risk-refused": self = .riskRefused
        default:
            let prefix = "password-pays-after:"
            guard text.hasPrefix(prefix), let seconds = Int(text.dropFirst(prefix.count)), (0...3600).contains(seconds)
            else { return nil }
            self = .passwordPaysAfter(seconds: seconds)
        }
    }

    package var text: String {
        switch self {
        case .pays: "pays"
        case .password: "password"
        case .passwordPaysAfter(let seconds): "password-pays-after:\(seconds)"
        case .never: "never"
        case .insufficient: "insufficient"
        case .expired: "expired"
        case .used: "used"
        case .riskRefused: "risk-refused"
        }
    }

    /// The spellings a person may use, for error texts.
    package static let choices =
        "pays, password, password-pays-after:SECONDS, never, insufficient, expired, used, risk-refused"
}

extension Behaviour: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = Behaviour(text: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "unknown behaviour")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
