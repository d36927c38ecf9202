// Part of Tillbridge. See LICENSE.
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing
import TillDomain
import TillEngine
import TillProtocol
import TillStore

@testable import TillCloud

@Suite struct AdminTests {
    @Test("a command reaches the running cloud through its local door, and only with the token")
    func door() async throws {
        let rig = try await CloudRig()
        let data = rig.core.settings.data
        try await rig.running {
            let reply = try await AdminClient.send(.addStore(name: "Nanjing Road", code: "QF000K7"), data: data)
            #expect(reply?.text == "Store QF000K7 (Nanjing Road) added.")
            #expect(rig.core.directory.snapshot.stores["QF000K7"]?.name == "Nanjing Road")
            let refusal = await #expect(throws: StartError.self) {
                _ = try await AdminClient.send(.addRegister(store: "QF00XXX", name: "till"), data: data)
            }
            #expect(refusal?.sentence.contains("QF00XXX") == true)
            let file = AdminDoor.file(in: data)
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            var address = try DocumentCoder.decode(
                AdminDoor.Address.self,
                from: Array(Data(contentsOf: URL(fileURLWithPath: file)))
            )
            address = AdminDoor.Address(port: address.port, token: "guessed")
            try Data(DocumentCoder.encode(address)).write(to: URL(fileURLWithPath: file))
            #expect(try await AdminClient.send(.listRegisters, data: data) == nil)
        }
        #expect(!FileManager.default.fileExists(atPath: AdminDoor.file(in: data)))
        #expect(try await AdminClient.send(.listRegisters, data: data) == nil)
    }

    @Test("what a cloud has neither done nor refused is unknown: it failed on the way, or its answer never came")
    func unknownOutcome() async throws {
        let rig = try await CloudRig()
        let data = rig.core.settings.data
        let file = AdminDoor.file(in: data)
        try await rig.running {
            let address = try DocumentCoder.decode(AdminDoor.Address.self, from: PrivateFile.read(file))
            await rig.core.store.close()
            let failed = await #expect(throws: AdminClient.UnknownOutcome.self) {
                try await AdminClient.send(.addStore(name: "Nanjing Road", code: nil), data: data)
            }
            #expect(failed?.sentence.hasPrefix("The command failed") == true)
            // What it cannot read it has not begun.
            let strange = try await HTTPClient.shared.execute(
                request(to: address.port, token: address.token, body: #"{"fromTheFuture":{}}"#),
                timeout: .seconds(30)
            )
            #expect(strange.status.code == 422)
        }
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { $0.pipeline.addHandler(HangUp()) }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        try PrivateFile.create(file, content: DocumentCoder.encode(AdminDoor.Address(port: port, token: "t")))
        await #expect(throws: AdminClient.UnknownOutcome.self) {
            try await AdminClient.send(.listRegisters, data: data)
        }
        try await listener.close()
        // Nobody listens any more: nothing was asked.
        #expect(try await AdminClient.send(.listRegisters, data: data) == nil)
    }

    private func request(to port: Int, token: String, body: String) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(AdminDoor.commands)")
        request.method = .POST
        request.headers.add(name: "Authorization", value: "Bearer \(token)")
        request.body = .bytes([UInt8](body.utf8))
        return request
    }

    /// Takes a request and ends the connection.
    private final class HangUp: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { context.close(promise: nil) }
    }

    @Test("bad input is refused with one sentence that names it, and nothing changes")
    func badInput() async throws {
        let rig = try await CloudRig()
        let cases: [(AdminRequest, String)] = [
            (.addStore(name: "", code: nil), "--name"), (.addStore(name: "x", code: "QF00"), "--code QF00"),
            (.addRegister(store: "NOSTORE", name: "x"), "NOSTORE"), (.revokeRegister(id: "QF000K799"), "QF000K799"),
            (.newCode(register: "QF000K799"), "QF000K799"), (.addAccounts(file: "{", stores: "*", live: false), "JSON"),
            (.addAccounts(file: "{}", stores: "NOSTORE", live: false), "NOSTORE"),
            (.setRouting(document: "[]"), "JSON"),
            (.showRouting(version: 7), "7"), (.showRouting(version: nil), "routing"),
            (.testRouting(code: "28", store: nil), "routing"),
            (.setChain(amountLimit: 0, refundLimit: nil, enabled: nil), "--amount-limit 0"),
            (.addSupervisor(id: "", code: "1234"), "--id"),
            (.refund(number: "T1", amount: 1, reference: "r", reason: "", person: "anna"), "T1"),
            (.resolve(.init(number: "T1", decision: .ask, first: "a", second: "", evidence: "")), "T1"),
        ]
        for (request, word) in cases {
            let error = await #expect(throws: StartError.self) { _ = try await rig.admin.perform(request) }
            #expect(error?.sentence.contains(word) == true, "\(error?.sentence ?? "")")
        }
        #expect(try await rig.core.store.log(after: 0, limit: 10).entries.isEmpty)
        await rig.core.close()
    }

    @Test("a routing is append-only, its rules are checked, and a code is told its wallet without being shown")
    func routing() async throws {
        let rig = try await CloudRig()
        var plan = RoutingPlan.standard
        _ = try await rig.admin.perform(.setRouting(document: DocumentCoder.text(plan)))
        plan.rules[0].enabled = false
        plan.version = 1
        _ = try await rig.admin.perform(.setRouting(document: DocumentCoder.text(plan)))
        plan.version = 2
        let snapshot = rig.core.directory.snapshot
        #expect(snapshot.routings.keys.sorted() == [1, 2] && snapshot.routing?.document.version == 2)
        #expect(snapshot.routings[1]?.document.rules[0].enabled == true)
        plan.rules.append(.init(SignFlagRule("10", "12", 18, 18, .alipay, enabled: true)))
        let overlap = await #expect(throws: StartError.self) {
            _ = try await rig.admin.perform(.setRouting(document: DocumentCoder.text(plan)))
        }
        #expect(overlap?.sentence.contains("overlap") == true)
        func told(_ code: String) async throws -> String {
            try await rig.admin.perform(.testRouting(code: code, store: nil)).text
        }
        #expect(try await told("286344382566439412").contains("No account takes alipay here at this time."))
        #expect(try await told("134567890123456789").contains("is off"))
        #expect(try await told("6901234567892").contains("No rule begins like this code."))
        await rig.core.close()
    }

    @Test("refunds by authority: the same reference is the same refund, and never more than was paid")
    func refund() async throws {
        let wallets = FakeWallets(call: { operation in
            switch operation {
            case .refund: .refund(.done)
            case .refundQuery: .refundQuery(.done)
            default: .nothing(for: operation)
            }
        })
        let rig = try await CloudRig(wallets: wallets)
        try await rig.running {
            let register = try await rig.enrol()
            let intent = register.intent()
            _ = try await register.pay(intent)
            let number = intent.orderNumber.description
            func refund(_ amount: Int64, _ reference: String) async throws -> AdminReply {
                try await rig.admin.perform(
                    .refund(number: number, amount: amount, reference: reference, reason: "returned", person: "anna")
                )
            }
            await #expect(throws: StartError.self) { _ = try await refund(100, "r1") }
            _ = try await register.confirm(intent)
            #expect(try await refund(1000, "r1").json.contains(#""refundNumber":"\#(number)R01""#))
            #expect(try await refund(1000, "r1").json.contains(#""refunded":1000"#))
            await #expect(throws: StartError.self) { _ = try await refund(281, "r2") }
            #expect(try await refund(280, "r2").json.contains(#""refunded":1280"#))
            #expect(try await rig.admin.perform(.payments(.init())).json.contains(#""refunded":1280"#))
            while wallets.calls.refund < 2 { try await Task.sleep(for: .milliseconds(10)) }
        }
        #expect(wallets.calls.refund == 2)
    }

    @Test("an open case is settled by two different persons with evidence, never by one")
    func resolve() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            let intent = register.intent()
            _ = try await register.pay(intent)
            func confirm(_ second: String, _ evidence: String) async throws -> AdminReply {
                try await rig.admin.perform(
                    .resolve(
                        .init(
                            number: intent.orderNumber.description,
                            decision: .confirm,
                            first: "anna",
                            second: second,
                            evidence: evidence
                        )
                    )
                )
            }
            for (second, evidence) in [("", "receipt"), ("anna", "receipt"), ("bo", "")] {
                await #expect(throws: StartError.self) { _ = try await confirm(second, evidence) }
            }
            #expect(try await rig.core.store.payment(intent.orderNumber)?.state == .paid)
            #expect(try await confirm("bo", "receipt 4711").text.contains("confirmed"))
            await #expect(throws: StartError.self) { _ = try await confirm("bo", "receipt 4711") }
        }
    }

    @Test("one person orders an undo with a reason, once the register has had its time, and never of a confirmed sale")
    func revoke() async throws {
        func revoke(_ intent: Intent, at rig: CloudRig, evidence: String = "register-down") async throws -> AdminReply {
            try await rig.admin.perform(
                .resolve(
                    .init(
                        number: intent.orderNumber.description,
                        decision: .revoke,
                        first: "anna",
                        second: "",
                        evidence: evidence
                    )
                )
            )
        }
        let begin = ManualClock()
        let rig = try await CloudRig(clock: begin)
        var intents: [Intent] = []
        try await rig.running {
            let register = try await rig.enrol()
            intents = [register.intent(sequence: 7), register.intent(sequence: 8)]
            for intent in intents { _ = try await register.pay(intent) }
            _ = try await register.confirm(intents[1])
            let early = await #expect(throws: StartError.self) { _ = try await revoke(intents[0], at: rig) }
            #expect(early?.sentence.contains("decides by itself until") == true)
        }
        let (open, taken) = (intents[0], intents[1])
        // A clock that leaps is not trusted, so the cloud is started later.
        let later = try await CloudRig(
            folder: rig.folder,
            clock: ManualClock(begin.now().milliseconds + ProtocolTimes().confirmBound)
        )
        try await later.running {
            let bare = await #expect(throws: StartError.self) {
                _ = try await revoke(open, at: later, evidence: "")
            }
            #expect(bare?.sentence.contains("--evidence") == true)
            _ = try await revoke(open, at: later)
            #expect(try await later.core.store.payment(open.orderNumber)?.record.revokeReason == .ordered)
            // Sent again it is the same order.
            #expect(try await revoke(open, at: later).text.contains("already"))
            let refused = await #expect(throws: StartError.self) { _ = try await revoke(taken, at: later) }
            #expect(refused?.sentence.contains("does not apply") == true)
        }
    }

    @Test("limits and supervisors reach registers with their next HELLO, under a new version")
    func chain() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            #expect(try await register.hello().configuration.version == 1)
            _ = try await rig.admin.perform(.setChain(amountLimit: 9_900, refundLimit: 100, enabled: nil))
            _ = try await rig.admin.perform(.addSupervisor(id: "S1", code: "482913"))
            let configuration = try await register.hello().configuration
            #expect(configuration.version == 3 && configuration.amountLimit == Money(fen: 9_900))
            #expect(configuration.supervisors.map(\.id) == [Array("S1".utf8)])
            #expect(configuration.supervisors[0].accepts(code: Array("482913".utf8)))
            let large = try await register.send(.pay, register.payBody(register.intent(amount: 9_901)))
            #expect(large.problem == .malformed)
        }
    }

    @Test("a time factor below 1 starts with sandbox accounts only")
    func timeFactor() async throws {
        let rig = try await CloudRig()
        var account = AccountDocument(
            id: "alipay-live",
            wallet: "alipay",
            version: "openapi-1.0",
            sandbox: false,
            baseURL: "https://x",
            credentials: "",
            addedAt: 0
        )
        let live = DocumentChange(kind: .account, key: account.id, body: try DocumentCoder.text(account), from: 0)
        try await rig.core.documents.change([live], by: AuditNote(actor: "test", action: "test"))
        var settings = rig.core.settings
        settings.times = ProtocolTimes(thousandths: 200)
        let fast = await #expect(throws: StartError.self) {
            _ = try await CloudCore(settings: settings, store: rig.core.store, logger: rig.log.logger)
        }
        #expect(fast?.sentence.contains("--time-factor 0.2") == true && fast?.sentence.contains("alipay-live") == true)
        settings.times = ProtocolTimes()
        _ = try await CloudCore(settings: settings, store: rig.core.store, logger: rig.log.logger)
        account.id = "wechatpay-sandbox"
        account.sandbox = true
        let mixed = DocumentChange(kind: .account, key: account.id, body: try DocumentCoder.text(account), from: 0)
        try await rig.core.documents.change([mixed], by: AuditNote(actor: "test", action: "test"))
        let both = await #expect(throws: StartError.self) {
            _ = try await CloudCore(settings: settings, store: rig.core.store, logger: rig.log.logger)
        }
        #expect(both?.sentence.contains("sandbox accounts beside") == true)
        await rig.core.close()
    }
}
