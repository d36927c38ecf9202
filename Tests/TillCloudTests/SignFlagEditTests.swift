// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillProtocol
import TillStore

@testable import TillCloud

@Suite("Sign-Flag table: edits")
struct SignFlagEditTests {
    private static let hour: Int64 = 3_600_000

    /// A cloud with Alipay alone, two stores, and an account of WeChat Pay that no store uses.
    private func shop(_ clock: any CloudClock = SystemClock(), folder: TemporaryFolder? = nil) async throws -> CloudRig
    {
        let rig = try await CloudRig(folder: folder, clock: clock)
        guard rig.core.directory.snapshot.routing == nil else { return rig }
        var changes: [DocumentChange] = []
        for wallet in ["alipay", "wechatpay"] {
            let account = AccountDocument(
                id: "\(wallet)-sandbox",
                wallet: wallet,
                version: wallet == "alipay" ? "openapi-1.0" : "v2",
                sandbox: true,
                baseURL: "http://127.0.0.1:1",
                credentials: "",
                addedAt: 0
            )
            changes.append(
                DocumentChange(kind: .account, key: account.id, body: try DocumentCoder.text(account), from: 0)
            )
        }
        try await rig.core.documents.change(changes, by: AuditNote(actor: "test", action: "test"))
        for code in ["QF00001", "QF00002"] { _ = try await rig.admin.perform(.addStore(name: code, code: code)) }
        let rules = [RoutingPlan.Rule(SignFlagRule("25", "30", 16, 24, .alipay, enabled: true))]
        let accounts = [RoutingPlan.Assignment(stores: "*", wallet: "alipay", account: "alipay-sandbox")]
        let plan = RoutingPlan(version: 0, signLength: 2, rules: rules, accounts: accounts)
        _ = try await rig.admin.perform(.setRouting(document: DocumentCoder.text(plan)))
        return rig
    }

    private func edit(_ rig: CloudRig, _ edit: SignFlagEdit, base: Int? = nil, allowGap: Bool = false) async throws
        -> String
    {
        let base = base ?? rig.core.directory.snapshot.routing?.version ?? 0
        return try await rig.admin.perform(.editSignFlags(base: base, edit: edit, allowGap: allowGap)).text
    }

    private func refusal(_ rig: CloudRig, _ change: SignFlagEdit, base: Int? = nil) async -> String {
        do {
            return "taken: \(try await edit(rig, change, base: base))"
        } catch let error as StartError {
            return error.sentence
        } catch {
            return "\(error)"
        }
    }

    private func taken(_ rig: CloudRig, _ code: String, _ store: String, at moment: Timestamp? = nil) async throws
        -> Bool
    {
        let reply = try await rig.admin.perform(
            .testRouting(code: code, store: store, moment: moment?.milliseconds, version: nil)
        )
        return reply.json.contains(#""result":"taken""#)
    }

    private let weChat = "134567890123456789"
    private let alipay = "286344382566439412"

    private static func rule(
        _ low: StaticString = "10",
        _ high: StaticString = "15",
        stores: String? = nil,
        from: Int64? = nil
    ) -> RoutingPlan.Rule {
        var rule = RoutingPlan.Rule(SignFlagRule(low, high, 18, 18, .weChatPay, enabled: true))
        rule.stores = stores
        rule.from = from
        return rule
    }

    @Test("a wallet is added to an open shop: a rule, then the stores, in waves; old versions stay what they were")
    func waves() async throws {
        let clock = ManualClock()
        let rig = try await shop(clock)
        let start = clock.now()
        let added = try await edit(rig, .add(Self.rule()))
        #expect(added.contains("no account takes wechatpay at any store yet"))
        #expect(try await !taken(rig, weChat, "QF00001"))
        let later = start.milliseconds + Self.hour
        let first = try await edit(
            rig,
            .take(wallet: "wechatpay", account: nil, stores: "QF00001", from: nil, until: nil)
        )
        #expect(first == "Routing version 3 published.")
        _ = try await edit(
            rig,
            .take(wallet: "wechatpay", account: "wechatpay-sandbox", stores: "*", from: later, until: nil)
        )
        #expect(try await taken(rig, weChat, "QF00001"))
        #expect(try await !taken(rig, weChat, "QF00002"))
        #expect(try await taken(rig, weChat, "QF00002", at: start + Self.hour))
        #expect(try await !taken(rig, weChat, "QF00002", at: start + (Self.hour - 1)))
        // Version 1 knows nothing of it, whatever time it is.
        let old = try await rig.admin.perform(.testRouting(code: weChat, store: "QF00001", moment: later, version: 1))
        #expect(old.text.contains("No rule begins like this code."))
        #expect(rig.core.directory.snapshot.routings.keys.sorted() == [1, 2, 3, 4])
        let history = try await rig.admin.perform(.routingHistory).text
        #expect(history.contains("added 10-15 of 18 for wechatpay") && history.contains("takes wechatpay at QF00001"))
        await rig.core.close()
    }

    @Test("a change that was made from an older version is refused and says which is the newest")
    func stale() async throws {
        let rig = try await shop()
        _ = try await edit(rig, .add(Self.rule()), base: 1)
        let sentence = await refusal(rig, .add(Self.rule("91", "91")), base: 1)
        #expect(sentence.contains("Routing version 1 is not the newest: somebody has published version 2."))
        #expect(await refusal(rig, .add(Self.rule("91", "91")), base: 3).contains("version 3 is not the newest"))
        // The same for a whole document; one that was made from none takes the place of whatever is there.
        var plan = try #require(rig.core.directory.snapshot.routings[1]?.document)
        let error = await #expect(throws: StartError.self) {
            _ = try await rig.admin.perform(.setRouting(document: DocumentCoder.text(plan)))
        }
        #expect(error?.sentence.contains("version 1 is not the newest") == true)
        plan.version = 0
        _ = try await rig.admin.perform(.setRouting(document: DocumentCoder.text(plan)))
        #expect(rig.core.directory.snapshot.routing?.version == 3)
        await rig.core.close()
    }

    @Test("two changes from one version at the same moment: one is published")
    func race() async throws {
        let rig = try await shop()
        let results = await withTaskGroup(of: String.self) { tasks in
            for prefix in ["91", "92", "93", "94"] as [StaticString] {
                tasks.addTask { await refusal(rig, .add(Self.rule(prefix, prefix)), base: 1) }
            }
            return await tasks.reduce(into: [String]()) { $0.append($1) }
        }
        #expect(results.count { $0.hasPrefix("taken") } == 1, "\(results)")
        #expect(rig.core.directory.snapshot.routing?.version == 2)
        #expect(rig.core.directory.snapshot.routing?.document.rules.count == 2)
        await rig.core.close()
    }

    @Test("what makes no sense is refused in a sentence that names it, and nothing changes")
    func refused() async throws {
        let clock = ManualClock()
        let rig = try await shop(clock)
        let past = clock.now().milliseconds - 1
        let cases: [(SignFlagEdit, String)] = [
            (.add(Self.rule("28", "28")), "Rule 1 (25–30, length 16–24, alipay) and Rule 2 (28–28, length 18–18"),
            (.add(Self.rule("15", "10")), "Rule 2 (15–10, length 18–18, wechatpay) begins above its end"),
            (.add(Self.rule(stores: "QF00009")), "--stores QF00009: there is no such store"),
            (.add(Self.rule(stores: "QF0000")), "--stores QF0000"),
            (.add(Self.rule(from: past)), "--from \(UTCText.text(clock.now() + -1000)): this time has passed"),
            (.end(rule: 2, at: nil), "Rule 2: version 1 has rules 1 to 1"),
            (.end(rule: 0, at: nil), "Rule 0"),
            (.end(rule: .min, at: nil), "Rule -9223372036854775808: version 1 has rules 1 to 1"),
            (.turn(rule: .min, on: false, from: nil), "Rule -9223372036854775808: version 1 has rules 1 to 1"),
            (.turn(rule: .max, on: false, from: nil), "Rule 9223372036854775807: version 1 has rules 1 to 1"),
            (.end(rule: 1, at: .min), "--at"),
            (.end(rule: 1, at: past), "--at"),
            (
                .end(rule: 1, at: nil),
                "Rule 1 (25–30, length 16–24, alipay): codes of 16 characters that begin with 25 to 30"
            ),
            (.end(rule: 1, at: clock.now().milliseconds + Self.hour), "--allow-gap"),
            (.turn(rule: 1, on: true, from: nil), "Rule 1 is on already"),
            (.turn(rule: 1, on: false, from: past), "--from"),
            (.take(wallet: "qqwallet", account: nil, stores: "*", from: nil, until: nil), "--wallet qqwallet"),
            (.take(wallet: "alipay", account: "nobody", stores: "*", from: nil, until: nil), "--account nobody"),
            (
                .take(wallet: "alipay", account: "wechatpay-sandbox", stores: "*", from: nil, until: nil),
                "--account wechatpay-sandbox"
            ),
            (.take(wallet: "alipay", account: nil, stores: "*", from: nil, until: past), "--until"),
            (.leave(wallet: "qqwallet", stores: "*", from: nil, until: nil), "--wallet qqwallet"),
            (.leave(wallet: "alipay", stores: "QF00009", from: nil, until: nil), "--stores QF00009"),
        ]
        for (change, words) in cases {
            let sentence = await refusal(rig, change)
            #expect(sentence.contains(words), "\(change): \(sentence)")
        }
        #expect(rig.core.directory.snapshot.routing?.version == 1)
        await rig.core.close()
    }

    @Test("a rule ends and another takes over, without a moment between")
    func handOver() async throws {
        let clock = ManualClock()
        let rig = try await shop(clock)
        let later = clock.now() + Self.hour
        _ = try await edit(rig, .end(rule: 1, at: later.milliseconds), allowGap: true)
        var next = RoutingPlan.Rule(SignFlagRule("25", "28", 16, 24, .alipay, enabled: true))
        next.from = later.milliseconds
        _ = try await edit(rig, .add(next))
        #expect(try await taken(rig, alipay, "QF00001", at: later + -1))
        #expect(try await taken(rig, alipay, "QF00001", at: later))
        #expect(try await taken(rig, "301234567890123456", "QF00001", at: later + -1))
        #expect(try await !taken(rig, "301234567890123456", "QF00001", at: later))
        // What ended long ago is not in new versions, and stays in the old ones.
        clock.advance(Self.hour + 86_400_001)
        _ = try await edit(rig, .add(Self.rule()))
        #expect(rig.core.directory.snapshot.routing?.document.rules.map(\.low) == ["25", "10"])
        #expect(rig.core.directory.snapshot.routings[3]?.document.rules.count == 2)
        await rig.core.close()
    }

    @Test("a rule and a wallet at a store are turned off and on again, at once and at a time")
    func switches() async throws {
        let clock = ManualClock()
        let rig = try await shop(clock)
        let (now, later) = (clock.now(), clock.now() + Self.hour)
        // What is turned off on purpose needs no flag, and is told.
        let told = try await edit(rig, .turn(rule: 1, on: false, from: later.milliseconds))
        #expect(told.contains("would not be taken any more from \(UTCText.text(later))"))
        #expect(try await taken(rig, alipay, "QF00001", at: later + -1))
        #expect(try await !taken(rig, alipay, "QF00001", at: later))
        _ = try await edit(rig, .turn(rule: 2, on: true, from: nil))
        #expect(try await taken(rig, alipay, "QF00001", at: later))
        _ = try await edit(rig, .leave(wallet: "alipay", stores: "QF00001", from: nil, until: later.milliseconds))
        #expect(try await !taken(rig, alipay, "QF00001", at: now))
        #expect(try await taken(rig, alipay, "QF00002", at: now))
        #expect(try await taken(rig, alipay, "QF00001", at: later))
        // A store that is named takes it while all others leave.
        _ = try await edit(rig, .take(wallet: "alipay", account: nil, stores: "QF00001", from: nil, until: nil))
        let left = try await edit(rig, .leave(wallet: "alipay", stores: "*", from: nil, until: nil))
        #expect(left.contains("alipay is still taken at QF00001"))
        #expect(try await taken(rig, alipay, "QF00001", at: now))
        #expect(try await !taken(rig, alipay, "QF00002", at: now))
        await rig.core.close()
    }

    @Test("the cloud that does not hold the configuration takes no change")
    func home() async throws {
        let rig = try await CloudRig(.b)
        for request in [AdminRequest.editSignFlags(base: 0, edit: .end(rule: 1, at: nil)), .offerRouting] {
            let error = await #expect(throws: StartError.self) { _ = try await rig.admin.perform(request) }
            #expect(error?.sentence.contains("run this command at cloud A") == true)
        }
        await rig.core.close()
    }

    @Test("versions, dates and waves are there after a restart, and the next change goes on from them")
    func restart() async throws {
        let folder = try TemporaryFolder()
        let rig = try await shop(folder: folder)
        let later = (rig.clock.now() + Self.hour).milliseconds
        _ = try await edit(rig, .add(Self.rule(stores: "QF00001", from: later)))
        let before = rig.core.directory.snapshot.routings
        await rig.core.close()
        let again = try await shop(folder: folder)
        #expect(again.core.directory.snapshot.routings == before && before.count == 2)
        _ = try await edit(again, .add(Self.rule("91", "91")), base: 2)
        #expect(again.core.directory.snapshot.routing?.version == 3)
        await again.core.close()
    }

    @Test("accounts can be added before any store uses them")
    func unused() async throws {
        try await Wallets.running { wallets in
            let rig = try await CloudRig()
            let told = try await rig.admin.perform(
                .addAccounts(file: wallets.settings, stores: "*", live: false, unused: true)
            )
            #expect(told.text.contains("no store uses them yet"))
            #expect(rig.core.directory.snapshot.accounts.count >= 2)
            #expect(rig.core.directory.snapshot.routing == nil)
            await rig.core.close()
        }
    }

    @Test("a trial shows the first six and last four characters of a code, in text and JSON")
    func masked() async throws {
        let rig = try await shop()
        let reply = try await rig.admin.perform(.testRouting(code: alipay, store: "QF00001"))
        for text in [reply.text, reply.json] {
            #expect(text.contains("286344********9412") && !text.contains("44382566"))
        }
        #expect(reply.json.contains(#""account":"alipay-sandbox""#) && reply.json.contains(#""rule":1"#))
        #expect(reply.text.contains("Account assignment 1 (*): taken by alipay-sandbox."))
        await rig.core.close()
    }

    @Test("codes that no rule knew are counted: those of registers and those that came up, never a code")
    func unknown() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            let told = [
                UnknownCodes.Row(prefix: Array("44".utf8), length: 18, count: 3),
                UnknownCodes.Row(prefix: [], length: 0, count: 2),
            ].compactMap(\.self)
            for _ in 0..<2 {
                let answer = try await register.send(.hello, register.helloBody(unknown: told))
                #expect(answer.status == 200)
            }
            let sample = register.intent()
            let intent = Intent(
                orderNumber: sample.orderNumber,
                saleReference: sample.saleReference,
                amount: sample.amount,
                sign: Array("45".utf8),
                codeLength: 19,
                routing: 1,
                startedAt: sample.startedAt,
                nonce: sample.nonce
            )
            _ = try await register.send(.pay, register.payBody(intent, wait: 0, code: "4512345678901234567"))
            let reply = try await rig.admin.perform(.unknownCodes)
            #expect(reply.json.contains(#"{"seen":"registers","prefix":"44","length":18,"count":6}"#))
            #expect(reply.json.contains(#"{"seen":"cloud","prefix":"45","length":19,"count":1}"#))
            #expect(reply.text.contains("further kinds") && !reply.text.contains("451234"))
            let metrics = String(decoding: try await RawAnswer.get(rig.url + "/metrics").body, as: UTF8.self)
            #expect(metrics.contains(#"tillbridge_unknown_codes{seen="register",prefix="44",length="18"} 6"#))
            #expect(metrics.contains(#"tillbridge_unknown_codes{seen="cloud",prefix="45",length="19"} 1"#))
        }
    }
}
