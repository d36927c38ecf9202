// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain

@testable import TillCloud

@Suite("Routing: waves of rules and accounts")
struct RoutingTests {
    private static let now = Timestamp(milliseconds: 1_795_343_400_000)
    private static let later = now + 3_600_000

    private func rule(
        _ low: StaticString,
        _ wallet: Wallet,
        stores: String? = nil,
        from: Timestamp = .unknown,
        until: Timestamp? = nil,
        enabled: Bool = true
    ) -> RoutingPlan.Rule {
        let rule = SignFlagRule(low, low, 18, 18, wallet, enabled: enabled)
        return .init(rule.with(enabled: enabled, from: from, until: until), stores: stores)
    }

    private func routing(_ rules: [RoutingPlan.Rule], _ accounts: [RoutingPlan.Assignment] = []) throws -> Routing {
        try Routing(RoutingPlan(version: 1, signLength: 2, rules: rules, accounts: accounts))
    }

    private func classify(_ routing: Routing, _ sign: String, _ store: String, at moment: Timestamp) -> PaymentCodeClass
    {
        routing.rule(sign: utf8(sign), codeLength: 18, store: utf8(store), at: moment)?.rule.codeClass
            ?? .notAPaymentCode
    }

    private func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("a rule holds at the stores and times that it names, and at no other")
    func ruleWaves() throws {
        let routing = try routing([
            rule("44", .qqWallet, stores: "QF00001,QF00002"),
            rule("44", .qqWallet, stores: "QF00003,ABC", from: Self.later),
            rule("45", .unionPay, until: Self.later),
            rule("45", .bestPay, from: Self.later),
        ])
        for store in ["QF00001", "QF00002"] {
            #expect(classify(routing, "44", store, at: Self.now) == .wallet(.qqWallet))
        }
        for store in ["QF00003", "ABC0001"] {
            #expect(classify(routing, "44", store, at: Self.now) == .notAPaymentCode)
            #expect(classify(routing, "44", store, at: Self.later) == .wallet(.qqWallet))
        }
        #expect(classify(routing, "44", "QF00004", at: Self.later) == .notAPaymentCode)
        #expect(classify(routing, "45", "QF00004", at: Self.later + -1) == .wallet(.unionPay))
        #expect(classify(routing, "45", "QF00004", at: Self.later) == .wallet(.bestPay))
    }

    @Test("rules share codes only at different stores or at different times")
    func overlaps() throws {
        let sentence = "Rule 1 (44–44, length 18–18, qqwallet) and Rule 2 (44–44, length 18–18, alipay) overlap"
        func refusal(_ first: RoutingPlan.Rule, _ second: RoutingPlan.Rule) -> String? {
            do throws(StartError) {
                _ = try Routing(RoutingPlan(version: 1, signLength: 2, rules: [first, second], accounts: []))
                return nil
            } catch {
                return error.sentence
            }
        }
        let alipay = Wallet.alipay
        let two = rule("44", .qqWallet, stores: "QF00001,QF00002")
        for stores in [nil, "*", "QF0", "QF00002", "QF00003,QF00001"] {
            #expect(refusal(two, rule("44", alipay, stores: stores))?.contains(sentence) == true, "\(stores ?? "")")
        }
        for stores in ["QF00003", "ABC", "ABC0001,QF00004"] {
            #expect(refusal(two, rule("44", alipay, stores: stores)) == nil, "\(stores)")
        }
        let ending = rule("44", .qqWallet, until: Self.later)
        #expect(refusal(ending, rule("44", alipay, from: Self.later)) == nil)
        #expect(refusal(ending, rule("44", alipay, from: Self.later + -1))?.contains(sentence) == true)
        #expect(refusal(two, rule("44", alipay, stores: "QF00003;QF00004"))?.contains("QF00003;QF00004") == true)
        #expect(refusal(two, rule("44", alipay, stores: ""))?.contains("commas") == true)
    }

    @Test("of the accounts of a wallet, the one that names a store most closely decides, and the later of two alike")
    func accounts() throws {
        let wave = RoutingPlan.Assignment(stores: "QF00001,QF00002", wallet: "alipay", account: "two", from: 0)
        let routing = try routing(
            [rule("28", .alipay)],
            [
                .init(stores: "QF00002", wallet: "alipay", account: "", enabled: false),
                wave,
                .init(stores: "QF0", wallet: "alipay", account: "chain"),
                .init(stores: "*", wallet: "alipay", account: "all"),
                .init(
                    stores: "QF00003",
                    wallet: "alipay",
                    account: "chain",
                    from: Self.later.milliseconds,
                    enabled: false
                ),
                .init(stores: "QF00001", wallet: "wechatpay", account: "other"),
            ]
        )
        func account(_ store: String, _ moment: Timestamp = Self.now) -> String? {
            routing.account(of: .alipay, store: utf8(store), at: moment)
        }
        #expect(account("QF00001") == "two" && account("QF00002") == "two")
        #expect(account("QF00003") == "chain" && account("QF00003", Self.later) == nil)
        #expect(account("ABC0001") == "all")
        #expect(routing.account(of: .weChatPay, store: utf8("QF00002"), at: Self.now) == nil)
    }

    @Test("a register's table turns its rules on and off as its store's accounts come and go")
    func table() throws {
        let routing = try routing(
            [rule("28", .alipay), rule("44", .qqWallet, stores: "QF00009")],
            [
                .init(stores: "QF00001", wallet: "alipay", account: "a", from: Self.later.milliseconds),
                .init(
                    stores: "QF00001",
                    wallet: "alipay",
                    account: "a",
                    from: Self.later.milliseconds + 9,
                    enabled: false
                ),
                .init(stores: "QF00002", wallet: "alipay", account: "a"),
            ]
        )
        func on(_ store: String) throws -> [Bool] {
            let table = try routing.table(for: utf8(store), at: Self.now)
            return [0, 3_600_000 - 1, 3_600_000, 3_600_008, 3_600_009].map {
                table.classify(sign: utf8("28"), codeLength: 18, at: Self.now + $0) == .wallet(.alipay)
            }
        }
        #expect(try on("QF00001") == [false, false, true, true, false])
        #expect(try on("QF00002") == [true, true, true, true, true])
        #expect(try on("QF00003") == [false, false, false, false, false])
        // What a store always has is one rule, and other stores' rules are not its business.
        #expect(try routing.table(for: utf8("QF00002"), at: Self.now).rules.count == 1)
        #expect(try routing.table(for: utf8("QF00001"), at: Self.now).rules.count == 3)
        #expect(try routing.table(for: utf8("QF00009"), at: Self.now).rules.count == 2)
    }

    @Test("codes that an edit would leave without a wallet are found, with store and time")
    func gaps() throws {
        let all = [RoutingPlan.Assignment(stores: "*", wallet: "alipay", account: "a")]
        let old = try routing([rule("28", .alipay), rule("62", .unionPay)], all)
        func gap(_ rules: [RoutingPlan.Rule], _ accounts: [RoutingPlan.Assignment]) throws -> String? {
            try RoutingGap.first(from: old, to: routing(rules, accounts), at: Self.now)?.sentence(at: Self.now)
        }
        let same = rule("28", .alipay)
        // Nobody paid with 62: no account.
        #expect(try gap([same], all) == nil)
        let sentence =
            "Rule 1 (28–28, length 18–18, alipay): codes of 18 characters that begin with 28 would not be taken any more"
        #expect(try gap([], all) == sentence)
        #expect(try gap([same], []) == sentence)
        #expect(try gap([rule("28", .alipay, enabled: false)], all) == sentence)
        let offAtOne = all + [.init(stores: "QF00001", wallet: "alipay", account: "a", enabled: false)]
        #expect(try gap([same], offAtOne) == sentence + " at QF00001")
        let ending = rule("28", .alipay, until: Self.later)
        #expect(try gap([ending], all) == sentence + " from \(UTCText.text(Self.later))")
        // Another wallet takes over.
        let next = rule("28", .unionPay, from: Self.later)
        let both = all + [.init(stores: "*", wallet: "unionpay", account: "u")]
        #expect(try gap([ending, next], both) == nil)
        #expect(try gap([ending, next], all) == sentence + " from \(UTCText.text(Self.later))")
    }

    @Test("stores that documents treat alike are looked at once")
    func examples() throws {
        let names = (1...500).map { "QF0" + String(10_000 + $0).suffix(4) }.joined(separator: ",")
        let routing = try routing(
            [rule("44", .bestPay, stores: names), rule("45", .bestPay, stores: "QF0")],
            [.init(stores: "QF00007,ABC", wallet: "alipay", account: "a")]
        )
        #expect(Routing.examples(of: [routing]) == ["ABC", "QF0", "QF00001", "QF00007", ""])
        #expect(Routing.examples(of: []) == [""])
    }

    @Test("a document of another form is refused by the place that is wrong")
    func documents() throws {
        func refusal(_ change: (inout RoutingPlan) -> Void) -> String? {
            var plan = RoutingPlan(version: 1, signLength: 2, rules: [rule("28", .alipay)], accounts: [])
            plan.accounts = [.init(stores: "*", wallet: "alipay", account: "a")]
            change(&plan)
            do throws(StartError) {
                _ = try Routing(plan)
                return nil
            } catch {
                return error.sentence
            }
        }
        #expect(refusal { _ in } == nil)
        #expect(refusal { $0.version = 0 }?.contains("version") == true)
        #expect(refusal { $0.signLength = 9 }?.contains("sign length") == true)
        #expect(refusal { $0.rules[0].low = "9" }?.hasPrefix("The routing is refused: Rule 1") == true)
        #expect(refusal { $0.rules[0].wallet = "Ali" }?.contains("Rule 1") == true)
        #expect(refusal { $0.accounts[0].wallet = "Alipay" }?.contains("Account assignment 1") == true)
        #expect(refusal { $0.accounts[0].stores = "QF" }?.contains("'QF'") == true)
        #expect(refusal { ($0.accounts[0].from, $0.accounts[0].until) = (5, 5) }?.contains("ends before") == true)
        #expect(
            refusal { $0.accounts = Array(repeating: $0.accounts[0], count: Routing.maxRows) }?.contains("513") == true
        )
    }

    @Test("a trial names the rule and the account, or what is different, and shows no code in full")
    func trial() throws {
        let routing = try routing(
            [
                rule("28", .alipay), rule("44", .qqWallet, stores: "QF00001"),
                rule("45", .bestPay, enabled: false), rule("46", .qqWallet, from: Self.later),
                rule("47", .weChatPay, enabled: false),
            ],
            [
                .init(stores: "*", wallet: "alipay", account: "a"),
                .init(stores: "QF00002", wallet: "alipay", account: "a", enabled: false),
            ]
        )
        func trial(_ code: String, _ store: String = "QF00001") -> SignFlagTrial {
            SignFlagTrial(code, in: routing, store: store, at: Self.now)
        }
        let taken = trial("286344382566439412\r\n")
        #expect(taken.result == .taken && taken.rule == 1 && taken.account == "a" && taken.length == 18)
        #expect(taken.masked == "286344********9412")
        #expect(trial("286344382566439412", "QF00002").result == .off)
        #expect(trial("286344382566439412", "QF00002").reasons.last?.contains("assignment 2 (QF00002)") == true)
        let none = trial("440728310408849937")
        #expect(none.result == .noAccount && none.rule == 2 && none.wallet == .qqWallet)
        #expect(trial("440728310408849937", "QF00002").result == .unknown)
        #expect(
            trial("440728310408849937", "QF00002").reasons == [
                "Rule 2 (44–44, length 18–18, qqwallet) takes it, but not here."
            ]
        )
        #expect(trial("450728310408849937").result == .unsupported)
        #expect(trial("460728310408849937").reasons.first?.contains("only from \(UTCText.text(Self.later))") == true)
        #expect(trial("470728310408849937").result == .off)
        #expect(trial("28634438256643941").reasons.first?.contains("length differs") == true)
        #expect(trial("990728310408849937").reasons == ["No rule begins like this code."])
        #expect(trial("https://qr.alipay.com/fkx01").result == .receiveCode)
        #expect(trial("１３４５６７８９０１２３４５６７８９").result == .unknown)
        #expect(trial("12345678").masked == "********")
    }
}
