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
        /// Where the rule holds, as ``StoreScope`` reads it; nil for all stores.
        package var stores: String?

        package init(_ rule: SignFlagRule, stores: String? = nil) {
            low = String(decoding: rule.low, as: UTF8.self)
            high = String(decoding: rule.high, as: UTF8.self)
            minLength = rule.minLength
            maxLength = rule.maxLength
            wallet = rule.wallet.description
            enabled = rule.enabled
            from = rule.from == .unknown ? nil : rule.from.milliseconds
            until = rule.until?.milliseconds
            self.stores = stores
        }
    }

    package struct Assignment: Codable, Equatable, Sendable {
        /// As ``StoreScope`` reads it. Of several, the one that names a store most closely wins.
        package var stores: String
        package var wallet: String
        /// The account's id.
        package var account: String
        package var from: Int64?
        package var until: Int64?
        /// False: these stores do not take the wallet by this account. Nil for true.
        package var enabled: Bool?

        package init(
            stores: String,
            wallet: String,
            account: String,
            from: Int64? = nil,
            until: Int64? = nil,
            enabled: Bool? = nil
        ) {
            self.stores = stores
            self.wallet = wallet
            self.account = account
            self.from = from
            self.until = until
            self.enabled = enabled
        }
    }

    /// 0 in a document that has not been published.
    package var version: Int
    package var signLength: Int
    package var rules: [Rule]
    package var accounts: [Assignment]
    /// The version that this one was made from, when, and in one line what was changed.
    package var base: Int?
    package var publishedAt: Int64?
    package var change: String?
    /// True once both clouds hold this version, or somebody decided not to wait for the other one. The only thing
    /// about a version that ever changes, and nothing about a payment depends on it.
    package var held: Bool?

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
        rules: SignFlagTable.standardRules.map { Rule($0) },
        accounts: []
    )
}

extension RoutingPlan.Rule {
    /// - Parameter index: From 0.
    func checked(_ index: Int) throws(StartError) -> SignFlagRule {
        guard let wallet = Wallet(wallet.utf8) else {
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

    func checkedScope(_ index: Int) throws(StartError) -> StoreScope {
        guard let stores else { return .all }
        guard let scope = StoreScope(stores) else {
            throw StartError("Rule \(index + 1) of the routing names the stores '\(stores)': \(StoreScope.form).")
        }
        return scope
    }
}

extension RoutingPlan.Assignment {
    /// - Parameter index: From 0.
    func checkedScope(_ index: Int) throws(StartError) -> StoreScope {
        guard let scope = StoreScope(stores) else {
            throw StartError(
                "Account assignment \(index + 1) of the routing names the stores '\(stores)': \(StoreScope.form)."
            )
        }
        return scope
    }

    func checkedWallet(_ index: Int) throws(StartError) -> Wallet {
        guard let wallet = Wallet(wallet.utf8) else {
            throw StartError(
                "Account assignment \(index + 1) of the routing names the wallet '\(wallet)': "
                    + "use a-z, 0-9 and '-'."
            )
        }
        return wallet
    }

    func holds(at moment: Timestamp) -> Bool {
        moment.milliseconds >= from ?? .min && moment.milliseconds < until ?? .max
    }
}
