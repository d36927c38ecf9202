// Part of Tillbridge. See LICENSE.
import Synchronization
import Testing
import TillDomain
import TillEngine
import TillProtocol
import TillStore

@testable import TillCloud

/// Gateway, payment logic, adapters, connections and wallets together, on real sockets. What waits for a wallet runs
/// four times as fast.
@Suite struct WalletPathTests {
    /// A cloud whose accounts are the sandbox's, and an enrolled register.
    private func shop(
        speed: Int64 = 1,
        _ body: @Sendable @escaping (Wallets, CloudRig, RegisterClient) async throws -> Void
    ) async throws {
        try await Wallets.running(speed: Double(speed)) { wallets in
            let rig = try await CloudRig(times: ProtocolTimes(thousandths: 1_000 / speed), realWallets: true)
            try await rig.running {
                _ = try await rig.admin.perform(.addAccounts(file: wallets.settings, stores: "*", live: false))
                _ = try await rig.admin.perform(.addStore(name: "Nanjing Road", code: "QF000K7"))
                try await body(wallets, rig, try await rig.enrol())
            }
        }
    }

    private func intent(_ register: RegisterClient, code: String, sequence: UInt64 = 1) -> Intent {
        let sample = register.intent(sequence: sequence)
        return Intent(
            orderNumber: sample.orderNumber,
            saleReference: sample.saleReference,
            amount: sample.amount,
            sign: Array(code.utf8.prefix(2)),
            codeLength: code.utf8.count,
            routing: register.rig.core.directory.snapshot.routing?.document.version ?? 0,
            startedAt: sample.startedAt,
            nonce: sample.nonce
        )
    }

    private func pay(_ register: RegisterClient, _ intent: Intent, code: String) async throws -> PaymentState {
        let answer = try await register.send(.pay, register.payBody(intent, wait: 2_500, code: code))
        guard answer.status == 200, try register.isSigned(answer) else { throw RigError.badAnswer }
        return try PaymentAnswer(decoding: answer.body).state
    }

    /// Sells until the wallet has been asked: on a busy machine a payment may come too late, which is a new attempt.
    ///
    /// - Returns: The attempt and what is known of it as soon as that is more than "not yet".
    private func sell(
        _ register: RegisterClient,
        _ wallets: Wallets,
        _ wallet: String,
        behaviour: String? = nil,
        after last: UInt64 = 0
    ) async throws -> (intent: Intent, state: PaymentState) {
        var sequence = last
        while true {
            sequence += 1
            let code = try await wallets.code(wallet, behaviour: behaviour)
            let intent = intent(register, code: code, sequence: sequence)
            var state = try await pay(register, intent, code: code)
            while state == .pending(.wallet) || state == .unknown {
                state = try await register.query(intent, wait: 500).state
            }
            switch state {
            case .refused: continue
            case .declined(.known(.codeExpired)) where behaviour != "expired": continue
            default: return (intent, state)
            }
        }
    }

    @Test(
        "a code of each wallet is paid, confirmed, and partly refunded by authority",
        .timeLimit(.minutes(5)),
        arguments: ["alipay", "wechatpay"]
    )
    func paid(wallet: String) async throws {
        try await shop { wallets, rig, register in
            let (intent, state) = try await sell(register, wallets, wallet)
            guard case .paid(let facts) = state else {
                Issue.record("\(state)")
                return
            }
            #expect(facts.wallet.description == wallet)
            _ = try await register.confirm(intent)
            let number = intent.orderNumber.description
            #expect(try await wallets.trades(number).map(\.net) == [1280])
            _ = try await rig.admin.perform(
                .refund(number: number, amount: 280, reference: "r1", reason: "returned", person: "anna")
            )
            while try await wallets.trades(number).map(\.net) != [1000] { try await Task.sleep(for: .milliseconds(20)) }
        }
    }

    @Test(
        "the log tells of each call what was asked and answered, and of the shopper and the keys nothing",
        .timeLimit(.minutes(5)),
        arguments: [
            ("alipay", "method=alipay.trade.pay", "code=10000"),
            ("wechatpay", "total_fee=1280", "result_code=SUCCESS"),
            ("qqwallet", "total_fee=1280", "result_code=SUCCESS"),
            ("unionpay", "txnAmt=1280", "respCode=00"),
        ]
    )
    func callNotes(wallet: String, asked: String, answered: String) async throws {
        try await shop { wallets, rig, register in
            var codes: [String] = []
            var (paid, sequence): (Intent?, UInt64) = (nil, 0)
            while paid == nil {
                sequence += 1
                let code = try await wallets.code(wallet)
                codes.append(code)
                let intent = intent(register, code: code, sequence: sequence)
                var state = try await pay(register, intent, code: code)
                while state == .pending(.wallet) || state == .pending(.shopper) || state == .unknown {
                    state = try await register.query(intent, wait: 500).state
                }
                if case .paid = state { paid = intent }
            }
            let number = try #require(paid).orderNumber.description
            _ = try await register.confirm(try #require(paid))
            _ = try await rig.admin.perform(
                .refund(number: number, amount: 280, reference: "r1", reason: "returned", person: "anna")
            )
            func calls(_ kind: String) async throws -> [String] {
                try await rig.core.store.log(after: 0, limit: 500).entries
                    .filter { $0.kind == "payment" && $0.key == number }
                    .filter { $0.body.contains(#""calls":[{"call":"\#(kind)""#) }
                    .map { String($0.body.split(separator: #""calls":"#, maxSplits: 1)[1]) }
            }
            while try await calls("refund").isEmpty { try await Task.sleep(for: .milliseconds(20)) }
            let pay = try #require(try await calls("pay").first)
            let wanted = ["\"\(asked)\"", "\"\(answered)\"", number, #""status":200"#, #""host":"127.0.0.1"#]
            for text in wanted {
                #expect(pay.contains(text), "\(text) in \(pay)")
            }
            #expect(try await calls("refund")[0].contains(number + "R01"))
            let all = try await rig.core.store.log(after: 0, limit: 500).entries.filter { $0.kind == "payment" }
            let text = all.map(\.body).joined()
            for secret in codes + wallets.secrets {
                #expect(!text.contains(secret), "a secret is in the log")
            }
            for name in ["sign=", "signature=", "auth_code", "qrNo", "openid", "buyer", "accNo", "op_user_passwd"] {
                #expect(!pay.contains(name), "\(name)")
            }
            #expect(all.allSatisfy { $0.body.utf8.count < 2_500 })
        }
    }

    @Test(
        "a reply that is lost after the wallet has booked is rescued as paid, with one trade",
        .timeLimit(.minutes(5)),
        arguments: ["alipay", "wechatpay"]
    )
    func rescued(wallet: String) async throws {
        try await shop(speed: 4) { wallets, rig, register in
            try await wallets.fault("drop-reply", of: "pay", at: wallet, count: 1)
            let (intent, state) = try await sell(register, wallets, wallet)
            guard case .paid = state else {
                Issue.record("\(state)")
                return
            }
            #expect(try await wallets.trades(intent.orderNumber.description).map(\.net) == [1280])
            let log = try await rig.core.store.log(after: 0, limit: 500).entries
            let lost = log.first { $0.key == intent.orderNumber.description && $0.body.contains(#""call":"pay""#) }
            #expect(lost?.body.contains(#""trouble":"silent""#) == true, "the log says that no answer came")
        }
    }

    @Test(
        "an undo while the shopper is asked leaves no money at the wallet",
        .timeLimit(.minutes(5)),
        arguments: ["alipay", "wechatpay"]
    )
    func undone(wallet: String) async throws {
        try await shop(speed: 4) { wallets, rig, register in
            let (intent, state) = try await sell(register, wallets, wallet, behaviour: "password")
            #expect(state == .pending(.shopper))
            let undo = try await register.revokeToTheEnd(intent)
            #expect(undo == .revoked(kind: .known(.closed)), "\(undo)")
            #expect(try await wallets.trades(intent.orderNumber.description).allSatisfy { $0.net == 0 })
        }
    }

    @Test(
        "a paid payment that the register does not want is given back in full",
        .timeLimit(.minutes(5)),
        arguments: ["alipay", "wechatpay"]
    )
    func disowned(wallet: String) async throws {
        try await shop(speed: 4) { wallets, rig, register in
            let (intent, state) = try await sell(register, wallets, wallet)
            guard case .paid = state else {
                Issue.record("\(state)")
                return
            }
            guard case .revoked = try await register.revokeToTheEnd(intent) else {
                Issue.record("not undone")
                return
            }
            #expect(try await wallets.trades(intent.orderNumber.description).map(\.net) == [0])
        }
    }

    @Test("declines come back with their reason after one confirming query", .timeLimit(.minutes(5)))
    func declined() async throws {
        try await shop { wallets, rig, register in
            let cases: [(behaviour: String, reason: DeclineReason)] = [
                ("insufficient", .insufficientFunds), ("expired", .codeExpired),
            ]
            var last: UInt64 = 0
            for (behaviour, reason) in cases {
                let (intent, state) = try await sell(register, wallets, "alipay", behaviour: behaviour, after: last)
                last = intent.orderNumber.sequence
                #expect(state == .declined(.known(reason)), "\(behaviour)")
            }
        }
    }

    @Test("a wallet that nobody can reach refuses with a promise: provably nothing was sent", .timeLimit(.minutes(5)))
    func unreachable() async throws {
        let rig = try await CloudRig(realWallets: true)
        let kept = SettingsBox()
        try await Wallets.running { kept.set($0.settings) }
        try await rig.running {
            _ = try await rig.admin.perform(.addAccounts(file: kept.text, stores: "*", live: false))
            _ = try await rig.admin.perform(.addStore(name: "Nanjing Road", code: "QF000K7"))
            let register = try await rig.enrol()
            let intent = intent(register, code: Sample.code)
            let state = try await pay(register, intent, code: Sample.code)
            guard case .refused = state else {
                Issue.record("\(state)")
                return
            }
            let row = try await rig.core.store.payment(intent.orderNumber)
            #expect(row?.state == .tomb && row?.record.unsent == true)
        }
    }

    @Test("settings with keys that cannot be used are refused, and nothing is published")
    func badKeys() async throws {
        let rig = try await CloudRig(realWallets: true)
        let file = #"{"baseURL":"https://example.invalid","alipay":{"appID":"1","merchantPrivateKeyPKCS8":"no key"}}"#
        let error = await #expect(throws: StartError.self) {
            _ = try await rig.admin.perform(.addAccounts(file: file, stores: "*", live: false))
        }
        #expect(error?.sentence.contains("alipay") == true && error?.sentence.contains("no key") == false)
        #expect(rig.core.directory.snapshot.routing == nil)
        await rig.core.close()
    }
}

private final class SettingsBox: Sendable {
    private let box = Mutex("")

    var text: String { box.withLock { $0 } }
    func set(_ text: String) { box.withLock { $0 = text } }
}
