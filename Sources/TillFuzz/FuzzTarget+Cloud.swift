// Part of Tillbridge. See LICENSE.
import TillDomain
import TillProtocol

@testable import TillCloud

/// What a cloud reads besides messages: signatures of requests, its routing, admin commands.
extension FuzzTarget {
    private static let now = Timestamp(milliseconds: 1_795_343_400_000)

    // MARK: Signed requests

    /// In place of a curve: what is looked for is whether each byte is covered.
    private struct Hash: Signer, SignatureVerifier {
        func sign(_ message: [UInt8]) -> [UInt8]? {
            let hash = SHA256.hash(message)
            return hash + hash
        }

        func verify(signature: [UInt8], of message: [UInt8], publicKey: [UInt8]) -> Bool { sign(message) == signature }
    }

    private static func signed(_ path: [UInt8], _ headers: HTTPHeaders, _ body: [UInt8]) -> SignedRequest? {
        let method = ("POST" as StaticString).bytes
        guard let request = try? SignedRequest(method: method, path: path, headers: headers, body: body),
            (try? request.check(.valid(publicKey: []), verifier: Hash(), at: now)) != nil
        else { return nil }
        return request
    }

    /// As it came, and signed anew; the latter must not hold for another path, body or cloud.
    private static func checkSignature(_ bytes: [UInt8]) {
        var parser = HTTPRequestParser()
        parser.feed(bytes)
        guard let request = try? parser.next() else { return }
        require(signed(request.path, request.headers, request.body) == nil, "a forgery is accepted")
        guard let endpoint = CloudGateway.endpoint(String(decoding: request.path, as: UTF8.self)),
            let register = RegisterID("QF000K703".utf8),
            let selector = request.headers.only(HeaderName.cloud).flatMap({ CloudSelector($0) })
        else { return }
        let key: KeyID =
            switch endpoint {
            case .activate: .activation
            case .peerLog: .cloud(.b, generation: 1)
            default: .register(register, generation: 1)
            }
        guard
            let made = SignedRequest.headers(
                endpoint,
                cloud: selector,
                body: request.body,
                created: now,
                keyID: key,
                signer: Hash()
            )
        else { return }
        var headers = made.headers
        let ours = headers.fields.map(\.name)
        for field in request.headers.fields where !ours.contains(field.name) { headers.add(field.name, field.value) }
        guard let read = signed(request.path, headers, request.body) else { fatalError("a signed request is refused") }
        require(read.endpoint == endpoint && read.cloud == selector && read.keyID == key, "a request is another")
        var other = request.body
        if other.isEmpty { other = [0] } else { other[Int(bytes[0]) % other.count] ^= 1 }
        require(signed(request.path, headers, other) == nil, "another body is accepted")
        for path in Endpoint.allCases where path != endpoint {
            require(signed(path.wireBytes, headers, request.body) == nil, "another call is accepted")
        }
    }

    // MARK: Routing

    private static let plan: RoutingPlan = {
        var plan = RoutingPlan.standard
        plan.version = 1
        plan.accounts = [
            .init(stores: "*", wallet: "alipay", account: "alipay-sandbox"),
            .init(stores: "QF00001,QG0", wallet: "wechatpay", account: "wechatpay-sandbox", from: 1, until: 2),
            .init(stores: "QF00001", wallet: "alipay", account: "alipay-sandbox", enabled: false),
        ]
        return plan
    }()

    private static let routing = try? Routing(plan)

    /// A document that was accepted serves every store at every moment.
    private static func check(_ plan: RoutingPlan) {
        guard let routing = try? Routing(plan) else { return }
        let again = try? DocumentCoder.decode(RoutingPlan.self, from: DocumentCoder.encode(plan))
        require(again == plan, "a routing is not read again")
        for store in ["QF00001", ""] {
            for moment in [now, Timestamp(milliseconds: .min), Timestamp(milliseconds: .max)] {
                require((try? routing.table(for: Array(store.utf8), at: moment)) != nil, "a store has no table")
                _ = routing.taken(at: store, at: moment)
                _ = routing.unpaid(at: moment)
            }
        }
    }

    private static func check(_ edit: SignFlagEdit) {
        guard let routing else { fatalError("the routing is not accepted") }
        _ = (edit.summary, edit.stores)
        let accounts = ["alipay-sandbox": "alipay", "wechatpay-sandbox": "wechatpay"]
        guard var plan = try? edit.applied(to: routing, accounts: accounts, at: now) else { return }
        plan.prune(at: now)
        check(plan)
        guard let next = try? Routing(plan) else { return }
        _ = edit.remarks(on: next, at: now)
        _ = RoutingGap.first(from: routing, to: next, at: now)?.sentence(at: now)
    }

    private static func check(_ request: AdminRequest) {
        switch request {
        case .editSignFlags(_, let edit, _): check(edit)
        case .setRouting(let document, _):
            let plan = try? DocumentCoder.decode(RoutingPlan.self, from: Array(document.utf8))
            if let plan { check(plan) }
        case .testRouting(let code, let store, let moment, _):
            guard let routing else { return }
            let time = moment.map { Timestamp(milliseconds: $0) } ?? now
            let trial = SignFlagTrial(code, in: routing, store: store ?? "", at: time)
            require(trial.masked.utf8.count <= 40, "more of a code is shown than its ends")
        default: break
        }
    }

    private static func text(_ value: some Encodable) -> String { (try? DocumentCoder.text(value)) ?? "" }

    private static let commands: [AdminRequest] = [
        .editSignFlags(base: 1, edit: .end(rule: 1, at: nil)),
        .editSignFlags(base: 1, edit: .end(rule: 2, at: now.milliseconds + 1)),
        .editSignFlags(base: 1, edit: .turn(rule: 2, on: false, from: now.milliseconds + 1)),
        .editSignFlags(base: 1, edit: .add(plan.rules[0])),
        .editSignFlags(base: 1, edit: .take(wallet: "wechatpay", account: nil, stores: "QF0", from: nil, until: nil)),
        .editSignFlags(base: 1, edit: .leave(wallet: "alipay", stores: "QF0", from: nil, until: now.milliseconds + 9)),
        .setRouting(document: text(plan)),
        .testRouting(code: "281234567890123456", store: "QF00001", moment: now.milliseconds),
        .addStore(name: "Sample store", code: "QF00001"), .addRegister(store: "QF00001", name: "1"),
        .refund(number: "TQF000K703343G7H2000016R", amount: 290, reference: "R-1", reason: "broken", person: "ann"),
        .payments(.init()), .statement(account: "alipay-sandbox", day: "2026-11-22", asJSON: true),
        .setChain(amountLimit: 500_000, refundLimit: 0, enabled: true), .showRouting(version: nil), .routingHistory,
    ]

    static let cloud: [FuzzTarget] = [
        FuzzTarget(
            "cloud-request",
            seeds: [
                "POST /v1/pay HTTP/1.1\r\nHost: x\r\nTillbridge-Cloud: A\r\nContent-Length: 7\r\n"
                    + "Content-Digest: sha-256=:r7+dDzVgsP13legcQqCnnua2/GfgZPd4Jq7mQsrSjZE=:\r\n"
                    + "Signature-Input: tb=(\"@method\" \"@path\" \"content-digest\" \"tillbridge-cloud\")"
                    + ";created=1795343400;keyid=\"QF000K703.1\";alg=\"ecdsa-p256-sha256\"\r\n"
                    + "Signature: tb=:\(String(repeating: "A", count: 86))==:\r\n\r\n{\"v\":1}",
                "POST /v1/peer/log HTTP/1.1\r\nHost: x\r\nTillbridge-Cloud: B\r\nContent-Length: 0\r\n\r\n",
                "POST /v1/activate HTTP/1.1\r\nHost: x\r\nTillbridge-Cloud: any\r\nContent-Length: 2\r\n\r\n{}",
            ]
        ) { checkSignature($0) },
        FuzzTarget("cloud-routing", seeds: [text(plan), text(RoutingPlan.standard)]) { bytes in
            if let plan = try? DocumentCoder.decode(RoutingPlan.self, from: bytes) { check(plan) }
        },
        FuzzTarget("cloud-admin", seeds: commands.map { text($0) }) { bytes in
            guard let request = try? DocumentCoder.decode(AdminRequest.self, from: bytes) else { return }
            let written = text(request)
            let again = try? DocumentCoder.decode(AdminRequest.self, from: Array(written.utf8))
            require(again.map { text($0) } == written, "a command is not read again")
            check(request)
        },
    ]
}
