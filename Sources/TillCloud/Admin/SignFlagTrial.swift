// Part of Tillbridge. See LICENSE.
import TillDomain
import TillWallets

/// What a scanned text would lead to at one store and moment, and why.
struct SignFlagTrial: Equatable, Sendable {
    enum Result: String, Sendable {
        case taken
        case off
        /// The store has no account for the wallet.
        case noAccount = "no-account"
        /// A wallet without an adapter in this build.
        case unsupported
        case unknown
        /// The shopper shows a code for receiving money.
        case receiveCode = "receive-code"
    }

    private(set) var result = Result.unknown
    /// The first six and the last four characters.
    let masked: String
    let length: Int
    /// From 1, in the document.
    private(set) var rule: Int?
    private(set) var wallet: Wallet?
    private(set) var account: String?
    /// Sentences for people.
    private(set) var reasons: [String] = []

    /// - Parameter store: 7 characters; empty for a store that nothing names.
    init(_ text: String, in routing: Routing, store: String, at moment: Timestamp) {
        guard let code = PaymentCode(scanned: Array(text.utf8), framing: .none) else {
            (masked, length) = (String(repeating: "*", count: min(text.count, 40)), text.count)
            reasons = ["Not a payment code: empty, longer than 512 bytes, or with more than visible ASCII."]
            return
        }
        masked = SignFlagTrial.mask(code.secret)
        length = code.secret.count
        switch PaymentCodeForm(code.secret) {
        case .receive:
            result = .receiveCode
            reasons = ["A code for receiving money: ask for the payment code."]
        case .other: reasons = ["Not a payment code: neither digits alone nor another form that wallets use."]
        case .digits, .faceToken, .emv: decide(code, in: routing, store, at: moment)
        }
    }

    private mutating func decide(_ code: PaymentCode, in routing: Routing, _ store: String, at moment: Timestamp) {
        let sign = [UInt8](code.secret.prefix(routing.document.signLength))
        let found = routing.rule(sign: sign, codeLength: length, store: Array(store.utf8), at: moment)
        guard let (index, rule) = found else {
            reasons = nearMisses(sign, in: routing, store, at: moment)
            return
        }
        let place = SignFlagError.Place(index: index, rule: rule)
        self.rule = index + 1
        wallet = rule.wallet
        if !WalletRegistry.standard.speaks(to: rule.wallet) {
            result = .unsupported
            reasons = ["\(place): this build does not speak to \(rule.wallet)."]
        } else if rule.enabled {
            reasons = ["\(place)"]
            decideAccount(of: rule.wallet, in: routing, store, at: moment)
        } else {
            result = .off
            reasons = ["\(place) is off."]
        }
    }

    private mutating func decideAccount(of wallet: Wallet, in routing: Routing, _ store: String, at moment: Timestamp) {
        guard let (index, row) = routing.assignment(of: wallet, store: Array(store.utf8), at: moment) else {
            result = .noAccount
            reasons.append("No account takes \(wallet) here at this time.")
            return
        }
        let place = "Account assignment \(index + 1) (\(row.stores))"
        guard row.enabled != false else {
            result = .off
            reasons.append("\(place) turns \(wallet) off here.")
            return
        }
        result = .taken
        account = row.account
        reasons.append("\(place): taken by \(row.account).")
    }

    /// Rules that begin alike and do not take the code, with what is different.
    private func nearMisses(_ sign: [UInt8], in routing: Routing, _ store: String, at moment: Timestamp) -> [String] {
        var reasons: [String] = []
        for (index, (rule, scope)) in routing.scopedRules.enumerated()
        where rule.matches(sign: sign, length: rule.minLength) {
            let place = SignFlagError.Place(index: index, rule: rule)
            if !rule.matches(sign: sign, length: length) {
                reasons.append("\(place) begins alike, and the length differs.")
            } else if moment < rule.from {
                reasons.append("\(place) takes it only from \(UTCText.text(rule.from)).")
            } else if !rule.isEffective(at: moment), let until = rule.until {
                reasons.append("\(place) took it until \(UTCText.text(until)).")
            } else if !scope.covers(store) {
                reasons.append("\(place) takes it, but not here.")
            }
        }
        return reasons.isEmpty ? ["No rule begins like this code."] : reasons
    }

    private static func mask(_ code: [UInt8]) -> String {
        guard code.count > 10 else { return String(repeating: "*", count: code.count) }
        let (first, last) = (
            String(decoding: code.prefix(6), as: UTF8.self), String(decoding: code.suffix(4), as: UTF8.self)
        )
        return first + String(repeating: "*", count: min(code.count - 10, 30)) + last
    }
}
