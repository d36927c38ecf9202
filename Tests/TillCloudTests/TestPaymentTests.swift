// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillDomain
import TillEngine
import TillProtocol
import TillStore

@testable import TillCloud

/// Accounts as people see and try them, and the test payment of one fen.
@Suite struct TestPaymentTests {
    private static let store = "QF000K7"

    private struct Told: Decodable {
        let n: String
        let result: String
        let reason: String?
        let undo: String
    }

    private func told(_ reply: AdminReply) throws -> Told {
        try JSONDecoder().decode(Told.self, from: Data(reply.json.utf8))
    }

    /// A cloud at the sandbox, whose store takes no wallet yet.
    private func shop(_ body: @Sendable @escaping (Wallets, CloudRig) async throws -> Void) async throws {
        try await Wallets.running(speed: 4) { wallets in
            let rig = try await CloudRig(times: ProtocolTimes(thousandths: 250), realWallets: true)
            try await rig.running {
                _ = try await rig.admin.perform(
                    .addAccounts(file: wallets.settings, stores: "*", live: false, unused: true)
                )
                _ = try await rig.admin.perform(.addStore(name: "Nanjing Road", code: Self.store))
                _ = try await rig.admin.perform(.setRouting(document: DocumentCoder.text(RoutingPlan.standard)))
                try await body(wallets, rig)
            }
        }
    }

    @Test(
        "a test payment is paid by its account and undone, at a store that takes no wallet yet",
        .timeLimit(.minutes(5))
    )
    func paidAndUndone() async throws {
        try await shop { wallets, rig in
            var numbers: Set<String> = []
            for wallet in ["alipay", "unionpay", "alipay"] {
                let code = try await wallets.code(wallet)
                let request = AdminRequest.testPayment(store: Self.store, account: "\(wallet)-sandbox", code: code)
                let reply = try #require(try await AdminClient.send(request, data: rig.core.settings.data))
                let told = try told(reply)
                #expect(told.result == "paid", "\(reply.text)")
                #expect(told.n.dropFirst(8).hasPrefix("ZZ"))
                numbers.insert(told.n)
                // A wallet that does not reverse at once is undone a little later.
                let order = try #require(OrderNumber(told.n.utf8))
                var state = CloudState.none
                for _ in 0..<600 where state != .revoked {
                    try await Task.sleep(for: .milliseconds(50))
                    state = try await rig.core.store.payment(order)?.state ?? .none
                }
                #expect(state == .revoked)
                #expect(try await wallets.trades(told.n).map(\.net) == [0])
                #expect(!reply.text.contains(code) && !reply.json.contains(code))
                #expect(!rig.log.text.contains(code))
            }
            #expect(numbers.count == 3)
        }
    }

    @Test("a declined test payment says why, and what cannot be tried is refused in one sentence")
    func refused() async throws {
        try await shop { wallets, rig in
            let poor = try await wallets.code("alipay", behaviour: "insufficient")
            let declined = try told(
                try await rig.admin.perform(.testPayment(store: Self.store, account: "alipay-sandbox", code: poor))
            )
            #expect(declined.result == "declined" && declined.reason == "insufficient-funds")
            let code = try await wallets.code("wechatpay")
            let cases: [(String, String, String, String)] = [
                ("NOSTORE", "alipay-sandbox", code, "NOSTORE"), (Self.store, "nobody", code, "nobody"),
                (Self.store, "alipay-sandbox", code, "wechatpay"), (Self.store, "alipay-sandbox", "", "scan it again"),
                (Self.store, "alipay-sandbox", "999999999999999999", "no rule"),
            ]
            for (store, account, code, word) in cases {
                let error = await #expect(throws: StartError.self) {
                    _ = try await rig.admin.perform(.testPayment(store: store, account: account, code: code))
                }
                #expect(error?.sentence.contains(word) == true, "\(error?.sentence ?? "")")
                #expect(code.isEmpty || error?.sentence.contains(code) == false)
            }
        }
    }

    @Test("a cloud that died between test payment and undo undoes it when it starts again")
    func crash() async throws {
        let folder = try TemporaryFolder()
        let wallets = FakeWallets(call: { operation in
            switch operation {
            case .cancel: .cancel(.refunded)
            case .query(let order): .query(.paid(.of(order)))
            default: .nothing(for: operation)
            }
        })
        let first = try await CloudRig(folder: folder, wallets: wallets)
        let register = try #require(TestRegister.id(of: Self.store))
        let intent = Sample.intent(
            at: SystemClock().now(),
            amount: 1,
            register: "\(register)",
            sale: "TEST:alipay-sandbox"
        )
        try await first.running {
            _ = try await first.enrol()
            let answer = try await first.core.service.answer(
                .init(
                    number: intent.orderNumber,
                    event: .pay(intent, home: .a),
                    fresh: CloudPayment(intent: intent, home: .a),
                    details: Sample.details
                ),
                wait: .seconds(5)
            )
            guard case .payment(.paid) = answer else { throw StartError("\(answer)") }
        }
        let second = try await CloudRig(folder: folder, wallets: wallets)
        try await second.running {
            let payment = try await second.core.store.payment(intent.orderNumber)
            #expect(payment?.record.revokeReason == .restart)
            #expect(payment?.state == .revoking || payment?.state == .revoked)
        }
    }

    @Test("the account in a test payment's reference decides at both clouds, and in no other payment")
    func destination() throws {
        var plan = RoutingPlan.standard
        plan.version = 1
        plan.assign(.init(stores: "*", wallet: "alipay", account: "alipay-sandbox"))
        let routing = try Routing(plan)
        let now = Timestamp(milliseconds: 1_764_400_000_000)
        func account(_ register: String, _ sale: String) -> String? {
            routing.destination(of: Sample.intent(at: now, register: register, sale: sale))?.account
        }
        #expect(account("QF000K7ZZ", "TEST:alipay-sandbox-QF0") == "alipay-sandbox-QF0")
        #expect(account("QF000K7ZZ", "T000123") == "alipay-sandbox")
        #expect(account("QF000K703", "TEST:alipay-sandbox-QF0") == "alipay-sandbox")
    }

    @Test("a list of accounts tells names, ends and expiry, and no credential")
    func accounts() async throws {
        struct List: Decodable {
            struct Account: Decodable {
                struct Named: Decodable {
                    let name: String
                    let end: String?
                    let expiresAt: Int64?
                }

                let account: String
                let circuit: String
                let credentials: [String]
                let ids: [Named]
                let certificates: [Named]
                let inFlight: Int
                let limit: Int
            }

            let cloud: String
            let accounts: [Account]
        }
        try await shop { wallets, rig in
            let reply = try await rig.admin.perform(.accounts)
            let list = try JSONDecoder().decode(List.self, from: Data(reply.json.utf8))
            #expect(list.cloud == "A" && list.accounts.count == 4)
            for account in list.accounts {
                #expect(account.circuit == "closed" && account.inFlight == 0 && account.limit == 64)
                #expect(!account.credentials.isEmpty && !account.ids.isEmpty)
                #expect(account.ids.allSatisfy { $0.end?.count == 4 })
            }
            let union = try #require(list.accounts.first { $0.account == "unionpay-sandbox" })
            #expect(!union.certificates.isEmpty)
            #expect(union.certificates.allSatisfy { $0.expiresAt ?? 0 > rig.clock.now().milliseconds })
            let file = try #require(
                try JSONSerialization.jsonObject(with: Data(wallets.settings.utf8)) as? [String: Any]
            )
            for case let section as [String: String] in file.values {
                for value in section.values where value.utf8.count > 6 {
                    #expect(!reply.json.contains(value) && !reply.text.contains(value))
                }
            }
        }
    }

    @Test("each wallet is tried without moving money, and what came is told", .timeLimit(.minutes(2)))
    func trial() async throws {
        try await shop { wallets, rig in
            for account in ["alipay", "wechatpay", "qqwallet", "unionpay"] {
                let reply = try await rig.admin.perform(.testAccount(id: "\(account)-sandbox"))
                #expect(reply.json.contains(#""result":"good""#), "\(reply.text)")
            }
            try await wallets.fault("drop-reply", of: "query", at: "alipay")
            let silent = try await rig.admin.perform(.testAccount(id: "alipay-sandbox"))
            #expect(silent.json.contains(#""result":"silent""#), "\(silent.text)")
        }
        let rig = try await CloudRig(realWallets: true)
        try await rig.running {
            let dead =
                #"{"baseURL":"http://127.0.0.1:1","wechatpay":{"appID":"wx1","mchID":"19","apiKey":"Sandbox0Key0For0Unit0Tests000001"}}"#
            _ = try await rig.admin.perform(.addAccounts(file: dead, stores: "*", live: false))
            let reply = try await rig.admin.perform(.testAccount(id: "wechatpay-sandbox"))
            #expect(reply.json.contains(#""result":"unreachable""#), "\(reply.text)")
            await #expect(throws: StartError.self) { _ = try await rig.admin.perform(.testAccount(id: "nobody")) }
        }
    }
}
