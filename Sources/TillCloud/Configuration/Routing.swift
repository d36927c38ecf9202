// Part of Tillbridge. See LICENSE.
package import TillDomain

/// A routing document that has been checked: what payments are decided by.
package struct Routing: Equatable, Sendable {
    private struct ScopedRule: Equatable, Sendable {
        let rule: SignFlagRule
        let scope: StoreScope
    }

    private struct ScopedAccount: Equatable, Sendable {
        let assignment: RoutingPlan.Assignment
        let wallet: Wallet
        let scope: StoreScope
    }

    /// Rules and accounts of one document together.
    package static let maxRows = 512

    package let document: RoutingPlan
    private let rules: [ScopedRule]
    private let accounts: [ScopedAccount]

    package var version: Int { document.version }

    /// - Throws: ``StartError`` that names the rule or the assignment.
    package init(_ document: RoutingPlan) throws(StartError) {
        let rows = document.rules.count + document.accounts.count
        guard rows <= Routing.maxRows else {
            throw StartError("The routing has \(rows) rules and accounts: \(Routing.maxRows) are the most.")
        }
        var rules: [ScopedRule] = []
        for (index, rule) in document.rules.enumerated() {
            rules.append(ScopedRule(rule: try rule.checked(index), scope: try rule.checkedScope(index)))
        }
        var accounts: [ScopedAccount] = []
        for (index, assignment) in document.accounts.enumerated() {
            let wallet = try assignment.checkedWallet(index)
            if let from = assignment.from, let until = assignment.until, until <= from {
                throw StartError("Account assignment \(index + 1) of the routing ends before it begins.")
            }
            accounts.append(
                ScopedAccount(assignment: assignment, wallet: wallet, scope: try assignment.checkedScope(index))
            )
        }
        self.document = document
        self.rules = rules
        self.accounts = accounts
        do throws(SignFlagError) {
            // Version and sign length.
            _ = try SignFlagTable(version: document.version, signLength: document.signLength, rules: [])
            try checkRules()
        } catch {
            throw StartError("The routing is refused: \(error.description)")
        }
    }

    /// Rules may share codes only at different stores or at different times.
    private func checkRules() throws(SignFlagError) {
        for (index, row) in rules.enumerated() {
            let place = SignFlagError.Place(index: index, rule: row.rule)
            if let problem = SignFlagTable.problem(in: row.rule, signLength: document.signLength) {
                throw .rule(place, problem)
            }
            for other in 0..<index where rules[other].rule.overlaps(row.rule) {
                guard rules[other].scope.common(with: row.scope) != nil else { continue }
                throw .overlap(SignFlagError.Place(index: other, rule: rules[other].rule), place)
            }
        }
    }

    // MARK: - Payments

    /// The rule that a code falls under, and its place in the document.
    package func rule(
        sign: [UInt8],
        codeLength: Int,
        store: [UInt8],
        at moment: Timestamp
    ) -> (index: Int, rule: SignFlagRule)? {
        let store = String(decoding: store, as: UTF8.self)
        for (index, row) in rules.enumerated()
        where row.rule.matches(sign: sign, length: codeLength) && row.rule.isEffective(at: moment)
            && row.scope.covers(store)
        {
            return (index, row.rule)
        }
        return nil
    }

    /// The assignment that decides for a wallet at a store, and its place in the document.
    package func assignment(
        of wallet: Wallet,
        store: [UInt8],
        at moment: Timestamp
    ) -> (index: Int, assignment: RoutingPlan.Assignment)? {
        let store = String(decoding: store, as: UTF8.self)
        var best: (index: Int, closeness: Int)?
        for (index, row) in accounts.enumerated() where row.wallet == wallet && row.assignment.holds(at: moment) {
            guard let closeness = row.scope.closeness(to: store) else { continue }
            // Of equally close ones the later in the list wins, so that an addition overrides.
            if best.map({ closeness >= $0.closeness }) ?? true { best = (index, closeness) }
        }
        return best.map { ($0.index, accounts[$0.index].assignment) }
    }

    /// The account that takes a wallet's payments of a store at a moment.
    package func account(of wallet: Wallet, store: [UInt8], at moment: Timestamp) -> String? {
        guard let row = assignment(of: wallet, store: store, at: moment)?.assignment, row.enabled != false else {
            return nil
        }
        return row.account
    }

    /// What an intent's code is: by the document that it names, at its own time.
    package func classify(_ intent: Intent) -> PaymentCodeClass {
        rule(
            sign: intent.sign,
            codeLength: intent.codeLength,
            store: intent.orderNumber.register.store,
            at: intent.startedAt
        )?.rule.codeClass ?? .notAPaymentCode
    }

    /// Wallet and account of an intent. Nil when no cloud ever sends a pay for it.
    package func destination(of intent: Intent) -> (wallet: Wallet, account: String)? {
        guard case .wallet(let wallet) = classify(intent),
            let account = TestRegister.account(of: intent)
                ?? account(
                    of: wallet,
                    store: intent.orderNumber.register.store,
                    at: intent.startedAt
                )
        else { return nil }
        return (wallet, account)
    }

    // MARK: - Tables

    /// What a store's registers hold: the rules that hold now or later, each on while an account takes its wallet.
    /// A rule whose account comes or goes later is several rules, one after the other.
    package func table(for store: [UInt8], at now: Timestamp) throws(SignFlagError) -> SignFlagTable {
        let name = String(decoding: store, as: UTF8.self)
        var held: [SignFlagRule] = []
        for row in rules where row.scope.covers(name) && row.rule.until.map({ now < $0 }) ?? true {
            held += spans(of: row.rule, store: store, at: now)
        }
        return try SignFlagTable(version: document.version, signLength: document.signLength, rules: held)
    }

    private func spans(of rule: SignFlagRule, store: [UInt8], at now: Timestamp) -> [SignFlagRule] {
        guard rule.enabled else { return [rule] }
        var spans: [SignFlagRule] = []
        let turns = moments(after: now).filter { $0 > rule.from && $0 < rule.until ?? .distantFuture }
        for start in [rule.from] + turns {
            let isOn = account(of: rule.wallet, store: store, at: max(start, now)) != nil
            if let last = spans.last {
                if last.enabled == isOn { continue }
                spans[spans.count - 1] = last.with(enabled: last.enabled, from: last.from, until: start)
            }
            spans.append(rule.with(enabled: isOn, from: start, until: rule.until))
        }
        return spans
    }

    /// The rules whose codes are paid at a store at a moment.
    package func taken(at store: String, at moment: Timestamp) -> [(index: Int, rule: SignFlagRule)] {
        rules.enumerated().filter { _, row in
            row.rule.enabled && row.rule.isEffective(at: moment) && row.scope.covers(store)
                && account(of: row.rule.wallet, store: Array(store.utf8), at: moment) != nil
        }.map { ($0.offset, $0.element.rule) }
    }

    var scopedRules: [(rule: SignFlagRule, scope: StoreScope)] { rules.map { ($0.rule, $0.scope) } }

    /// Rules that are on at a moment, or will be, and lead to no account at any store then or later.
    func unpaid(at now: Timestamp) -> [(index: Int, rule: SignFlagRule)] {
        rules.enumerated().filter { _, row in
            guard row.rule.enabled, row.rule.until.map({ now < $0 }) ?? true else { return false }
            let takers = accounts.filter { account in
                account.wallet == row.rule.wallet && account.assignment.enabled != false
                    && account.assignment.until ?? .max > now.milliseconds
            }
            return !takers.contains { $0.scope.common(with: row.scope) != nil }
        }.map { ($0.offset, $0.element.rule) }
    }

    /// Every moment after `now` at which a rule or an account begins or ends, in order.
    func moments(after now: Timestamp) -> [Timestamp] {
        var moments: Set<Int64> = []
        for rule in document.rules { moments.formUnion([rule.from, rule.until].compactMap(\.self)) }
        for account in document.accounts { moments.formUnion([account.from, account.until].compactMap(\.self)) }
        return moments.filter { $0 > now.milliseconds }.sorted().map { Timestamp(milliseconds: $0) }
    }

    /// A store or a chain of each group that some documents treat alike, and an empty name for all that they do not
    /// name.
    static func examples(of routings: [Routing]) -> [String] {
        var places: [String: [Int]] = [:]
        let scopes = routings.flatMap { $0.rules.map(\.scope) + $0.accounts.map(\.scope) }
        for (place, scope) in scopes.enumerated() {
            for name in scope.names { places[name, default: []].append(place) }
        }
        var seen: Set<[[Int]]> = []
        let groups = places.keys.sorted().filter { name in
            let chain = name.utf8.count == 3 ? [] : places[String(name.prefix(3))] ?? []
            return seen.insert([places[name] ?? [], chain]).inserted
        }
        return groups + [""]
    }
}

extension Timestamp {
    fileprivate static let distantFuture = Timestamp(milliseconds: .max)
}
