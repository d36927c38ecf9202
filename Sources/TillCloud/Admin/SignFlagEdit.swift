// Part of Tillbridge. See LICENSE.
import TillDomain

/// One change of the Sign-Flag table. Rules are named by their place in the version that the change is made from, from
/// 1; times are milliseconds since 1970 UTC.
package enum SignFlagEdit: Codable, Equatable, Sendable {
    case add(RoutingPlan.Rule)
    /// Without a time the rule is not in the next version at all.
    case end(rule: Int, at: Int64?)
    /// The rule's own switch, for all stores where it holds. Without a time at once.
    case turn(rule: Int, on: Bool, from: Int64?)
    /// Takes a wallet at some stores by an account; without one, by the only one there is.
    case take(wallet: String, account: String?, stores: String, from: Int64?, until: Int64?)
    /// Does not take a wallet at some stores.
    case leave(wallet: String, stores: String, from: Int64?, until: Int64?)

    /// Whether codes that are not taken any more are what was asked for.
    var meansGap: Bool {
        switch self {
        case .turn(_, on: false, _), .leave: true
        case .add, .end, .turn, .take: false
        }
    }

    /// The stores that the change names.
    var stores: String? {
        switch self {
        case .add(let rule): rule.stores
        case .take(_, _, let stores, _, _), .leave(_, let stores, _, _): stores
        case .end, .turn: nil
        }
    }

    /// Where a wallet that some stores leave is taken all the same: a closer assignment names them.
    func remarks(on routing: Routing, at now: Timestamp) -> [String] {
        guard case .leave(let name, let stores, let from, _) = self, let wallet = Wallet(name.utf8),
            let scope = StoreScope(stores)
        else { return [] }
        let moment = from.map { Timestamp(milliseconds: $0) } ?? now
        return Routing.examples(of: [routing]).filter(scope.covers).compactMap { store in
            guard let row = routing.assignment(of: wallet, store: Array(store.utf8), at: moment)?.assignment,
                row.enabled != false
            else { return nil }
            return "\(name) is still taken at \(store): its assignment to \(row.account) names it more closely."
        }
    }

    /// What was done, in one line that stays with the version.
    package var summary: String {
        switch self {
        case .add(let rule): "added \(rule.range) of \(rule.lengths) for \(rule.wallet)\(place(rule.stores))"
        case .end(let rule, let at): "ended rule \(rule)\(time("at", at))"
        case .turn(let rule, let on, let from): "turned rule \(rule) \(on ? "on" : "off")\(time("from", from))"
        case .take(let wallet, let account, let stores, let from, let until):
            "takes \(wallet)\(account.map { " by \($0)" } ?? "")\(place(stores))\(time("from", from))\(time("until", until))"
        case .leave(let wallet, let stores, let from, let until):
            "does not take \(wallet)\(place(stores))\(time("from", from))\(time("until", until))"
        }
    }

    /// A long list of stores is told by its beginning.
    private func place(_ stores: String?) -> String {
        guard let stores, stores != "*" else { return "" }
        return " at \(stores.utf8.count > 80 ? stores.prefix(80) + "…" : stores[...])"
    }

    private func time(_ word: String, _ moment: Int64?) -> String {
        moment.map { " \(word) \(UTCText.text(Timestamp(milliseconds: $0)))" } ?? ""
    }

    /// The times that the change names, with the options that gave them.
    private var times: [(option: String, moment: Int64)] {
        let given: [(String, Int64?)] =
            switch self {
            case .add(let rule): [("--from", rule.from), ("--until", rule.until)]
            case .end(_, let at): [("--at", at)]
            case .turn(_, _, let from): [("--from", from)]
            case .take(_, _, _, let from, let until), .leave(_, _, let from, let until):
                [("--from", from), ("--until", until)]
            }
        return given.compactMap { option, moment in moment.map { (option, $0) } }
    }

    /// The next version, still without a number.
    ///
    /// - Parameter accounts: All accounts by id, with their wallets.
    /// - Throws: ``StartError`` that names the option or the rule.
    func applied(
        to routing: Routing,
        accounts: [String: String],
        at now: Timestamp
    ) throws(StartError) -> RoutingPlan {
        for (option, moment) in times where moment < now.milliseconds {
            throw StartError(
                "\(option) \(UTCText.text(Timestamp(milliseconds: moment))): this time has passed, and payments of the "
                    + "past keep their way. Give a time to come, or leave it out."
            )
        }
        var plan = routing.document
        switch self {
        case .add(let rule): plan.rules.append(rule)
        case .end(let number, let at): try end(number, at, &plan)
        case .turn(let number, let on, let from): try turn(number, on, from, &plan)
        case .take(let wallet, let account, let stores, let from, let until):
            let account = try chosen(account, for: wallet, of: accounts)
            plan.assign(.init(stores: stores, wallet: wallet, account: account, from: from, until: until))
        case .leave(let wallet, let stores, let from, let until):
            // The account is named for people alone: what is off is paid by none.
            let account = plan.accounts.last { $0.wallet == wallet }?.account
            guard let account else {
                throw StartError("--wallet \(wallet): no account takes it, so that there is nothing to disable.")
            }
            plan.assign(
                .init(stores: stores, wallet: wallet, account: account, from: from, until: until, enabled: false)
            )
        }
        return plan
    }

    private func rule(_ number: Int, in plan: RoutingPlan) throws(StartError) -> RoutingPlan.Rule {
        guard number >= 1, number <= plan.rules.count else {
            throw StartError(
                "Rule \(number): version \(plan.version) has rules 1 to \(plan.rules.count); "
                    + "see 'tillbridge admin sign-flags list'."
            )
        }
        return plan.rules[number - 1]
    }

    private func end(_ number: Int, _ at: Int64?, _ plan: inout RoutingPlan) throws(StartError) {
        let rule = try rule(number, in: plan)
        if let at, at > rule.from ?? 0 {
            if let until = rule.until, until <= at {
                throw StartError("Rule \(number) ends before that: \(UTCText.text(Timestamp(milliseconds: until))).")
            }
            plan.rules[number - 1].until = at
        } else {
            plan.rules.remove(at: number - 1)
        }
    }

    private func turn(_ number: Int, _ on: Bool, _ from: Int64?, _ plan: inout RoutingPlan) throws(StartError) {
        var rule = try rule(number, in: plan)
        guard rule.enabled != on else { throw StartError("Rule \(number) is \(on ? "on" : "off") already.") }
        guard let from, from > rule.from ?? 0 else {
            plan.rules[number - 1].enabled = on
            return
        }
        if let until = rule.until, until <= from {
            throw StartError("Rule \(number) ends before that: \(UTCText.text(Timestamp(milliseconds: until))).")
        }
        plan.rules[number - 1].until = from
        rule.enabled = on
        rule.from = from
        plan.rules.insert(rule, at: number)
    }

    private func chosen(
        _ account: String?,
        for wallet: String,
        of accounts: [String: String]
    ) throws(StartError) -> String {
        let fitting = accounts.filter { $0.value == wallet }.keys.sorted()
        if let account {
            guard accounts[account] != nil else {
                throw StartError("--account \(account): there is no such account; add it with 'account add'.")
            }
            guard fitting.contains(account) else { throw StartError("--account \(account): is not one of \(wallet).") }
            return account
        }
        guard fitting.count == 1 else {
            throw StartError(
                fitting.isEmpty
                    ? "--wallet \(wallet): there is no account of it; add one with 'account add'."
                    : "--account: \(wallet) has several accounts, \(fitting.joined(separator: ", ")): name one."
            )
        }
        return fitting[0]
    }
}

extension RoutingPlan {
    /// Adds an assignment. One without dates takes the place of all that name the same stores, and of those without
    /// dates that name some of them and no other: they would decide nothing any more.
    mutating func assign(_ assignment: Assignment) {
        if assignment.from == nil, assignment.until == nil {
            let names = StoreScope(assignment.stores)?.names ?? []
            accounts.removeAll { old in
                guard old.wallet == assignment.wallet else { return false }
                if old.stores == assignment.stores { return true }
                guard old.from == nil, old.until == nil, let scope = StoreScope(old.stores), !scope.names.isEmpty else {
                    return false
                }
                return scope.names.isSubset(of: names)
            }
        }
        accounts.append(assignment)
    }

    /// Leaves out what ended more than a day ago: no payment that names a new version is that old.
    mutating func prune(at now: Timestamp) {
        let limit = (now + -86_400_000).milliseconds
        rules.removeAll { $0.until ?? .max < limit }
        accounts.removeAll { $0.until ?? .max < limit }
    }
}

extension RoutingPlan.Rule {
    /// `10-15`, or `62`.
    var range: String { low == high ? low : "\(low)-\(high)" }
    /// `16-24`, or `18`.
    var lengths: String { minLength == maxLength ? "\(minLength)" : "\(minLength)-\(maxLength)" }
}
