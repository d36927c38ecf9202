// Part of Tillbridge. See LICENSE.
package import TillDomain

/// One version of the routing: Sign-Flag rules and the map from store to payment account.
///
/// Documents are append-only and both clouds hold every version, so that wallet and account of a payment follow from
/// its intent alone, at either cloud, for ever. Dates are judged at the intent's t0.
package struct RoutingPlan: Codable, Equatable, Sendable {
    package struct Rule: Codable, Equatable, Sendable {
        package var low: String
        package var high: String
        package var minLength: Int
        package var maxLength: Int
        package var wallet: String
        package var enabled: Bool
        /// Milliseconds since 1970 UTC; nil for "always did".
        package var from: Int64?
        package var until: Int64?
    }

    package struct Assignment: Codable, Equatable, Sendable {
        /// A store (7 characters), a chain (3), or `*`. The most specific one wins.
        package var stores: String
        package var wallet: String
        /// The account's id.
        package var account: String
        package var from: Int64?
        package var until: Int64?

        package init(stores: String, wallet: String, account: String, from: Int64? = nil, until: Int64? = nil) {
            self.stores = stores
            self.wallet = wallet
            self.account = account
            self.from = from
            self.until = until
        }
    }

    /// 0 in a document that has not been published.
    package var version: Int
    package var signLength: Int
    package var rules: [Rule]
    package var accounts: [Assignment]

    package init(version: Int, signLength: Int, rules: [Rule], accounts: [Assignment]) {
        self.version = version
        self.signLength = signLength
        self.rules = rules
        self.accounts = accounts
    }

    /// The published number ranges, and no account.
    package static let standard = RoutingPlan(
        version: 0,
        signLength: 2,
        rules: SignFlagTable.standardRules.map(Rule.init),
        accounts: []
    )
}

extension RoutingPlan.Rule {
    package init(_ rule: SignFlagRule) {
        self.init(
            low: String(decoding: rule.low, as: UTF8.self),
            high: String(decoding: rule.high, as: UTF8.self),
            minLength: rule.minLength,
            maxLength: rule.maxLength,
            wallet: rule.wallet.description,
            enabled: rule.enabled,
            from: rule.from == .unknown ? nil : rule.from.milliseconds,
            until: rule.until?.milliseconds
        )
    }

    fileprivate func checked(_ index: Int) throws(StartError) -> SignFlagRule {
        guard let wallet = RoutedWallet(wallet.utf8) else {
            throw StartError("Rule \(index + 1) of the routing names the wallet '\(wallet)': use a-z, 0-9 and '-'.")
        }
        return SignFlagRule(
            low: Array(low.utf8),
            high: Array(high.utf8),
            minLength: minLength,
            maxLength: maxLength,
            wallet: wallet,
            enabled: enabled,
            from: Timestamp(milliseconds: from ?? 0),
            until: until.map { Timestamp(milliseconds: $0) }
        )
    }
}

/// A routing document that has been checked: what payments are decided by.
package struct Routing: Equatable, Sendable {
    package let document: RoutingPlan
    package let table: SignFlagTable

    /// - Throws: ``StartError`` that names the rule or the assignment.
    package init(_ document: RoutingPlan) throws(StartError) {
        var rules: [SignFlagRule] = []
        for (index, rule) in document.rules.enumerated() { rules.append(try rule.checked(index)) }
        do throws(SignFlagError) {
            table = try SignFlagTable(version: document.version, signLength: document.signLength, rules: rules)
        } catch {
            throw StartError("The routing is refused: \(error.description)")
        }
        for (index, assignment) in document.accounts.enumerated() {
            guard Wallet(wireName: assignment.wallet.utf8) != nil else {
                throw StartError(
                    "Account assignment \(index + 1) of the routing names the wallet '\(assignment.wallet)': "
                        + "use alipay, wechatpay, qqwallet or unionpay."
                )
            }
            guard assignment.stores == "*" || [3, 7].contains(assignment.stores.utf8.count),
                assignment.stores == "*" || Base32.isText(assignment.stores.utf8)
            else {
                throw StartError(
                    "Account assignment \(index + 1) of the routing names the stores '\(assignment.stores)': "
                        + "use a store's 7 characters, a chain's 3, or '*'."
                )
            }
        }
        self.document = document
    }

    /// The account that takes a wallet's payments of a store at a moment.
    package func account(of wallet: Wallet, store: [UInt8], at moment: Timestamp) -> String? {
        var best: RoutingPlan.Assignment?
        for assignment in document.accounts
        where wallet.wireName.matches(assignment.wallet.utf8) && assignment.holds(at: moment) {
            guard assignment.covers(store) else { continue }
            // Of equally specific ones the later in the list wins, so that an addition overrides.
            if best.map({ assignment.stores.utf8.count >= $0.stores.utf8.count }) ?? true { best = assignment }
        }
        return best?.account
    }

    /// What a store's registers hold: the rules that hold now or later, with those wallets on that have an account.
    package func table(for store: [UInt8], at now: Timestamp) throws(SignFlagError) -> SignFlagTable {
        let rules = table.rules(from: now).map { rule in
            let hasAccount = rule.wallet.wallet.map { account(of: $0, store: store, at: now) != nil } ?? false
            return SignFlagRule(
                low: rule.low,
                high: rule.high,
                minLength: rule.minLength,
                maxLength: rule.maxLength,
                wallet: rule.wallet,
                enabled: rule.enabled && hasAccount,
                from: rule.from,
                until: rule.until
            )
        }
        return try SignFlagTable(version: table.version, signLength: table.signLength, rules: rules)
    }

    /// Wallet and account of an intent. Nil when no cloud ever sends a pay for it.
    package func destination(of intent: Intent) -> (wallet: Wallet, account: String)? {
        guard case .wallet(let wallet) = table.classify(intent),
            let account = account(
                of: wallet,
                store: intent.orderNumber.register.store,
                at: intent.startedAt
            )
        else { return nil }
        return (wallet, account)
    }
}

extension RoutingPlan.Assignment {
    fileprivate func holds(at moment: Timestamp) -> Bool {
        moment.milliseconds >= from ?? .min && moment.milliseconds < until ?? .max
    }

    fileprivate func covers(_ store: [UInt8]) -> Bool { stores == "*" || store.starts(with: stores.utf8) }
}
