// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillProtocol

@Suite struct SignatureTests {
    private static let now = Timestamp(milliseconds: 1_795_343_403_999)

    private let signer = CryptoSigner()

    /// A signed query, taken apart as its receiver sees it.
    private func sent(
        endpoint: Endpoint = .query,
        key: KeyID? = nil,
        created: Timestamp = now
    ) throws -> HTTPRequest {
        let keyID = try key ?? .register(Sample.register(), generation: 1)
        let outgoing = try #require(
            OutgoingRequest(
                endpoint,
                host: utf8("10.0.0.5:7500"),
                cloud: .only(.b),
                body: utf8(Sample.query),
                created: created,
                keyID: keyID,
                signer: signer
            )
        )
        var parser = HTTPRequestParser()
        parser.feed(outgoing.bytes)
        return try #require(try parser.next())
    }

    private func check(_ request: HTTPRequest, body: [UInt8]? = nil, headers: HTTPHeaders? = nil) throws {
        let signed = try SignedRequest(
            method: request.method,
            path: request.path,
            headers: headers ?? request.headers,
            body: body ?? request.body
        )
        try signed.check(.valid(publicKey: signer.publicKey), verifier: CryptoVerifier(), at: Self.now)
    }

    @Test("what one side signs and sends, the other accepts")
    func roundTrip() throws {
        try check(try sent())
    }

    @Test("a signer that fails gives no message")
    func brokenSigner() throws {
        let keyID = KeyID.register(try Sample.register(), generation: 1)
        #expect(
            OutgoingRequest(
                .query,
                host: [],
                cloud: .any,
                body: [],
                created: Self.now,
                keyID: keyID,
                signer: BrokenSigner()
            )
                == nil
        )
        #expect(
            SignedAnswer.headers(
                status: 200,
                body: [],
                binding: RequestBinding(path: [], contentDigest: []),
                created: Self.now,
                keyID: .cloud(.a, generation: 1),
                signer: BrokenSigner()
            ) == nil
        )
    }

    @Test("a change of the body, the path, the method or the cloud is refused")
    func changes() throws {
        let request = try sent()
        #expect(throws: SignatureError.digest) { try check(request, body: request.body + [32]) }
        for (method, path) in [("POST", "/v1/pay"), ("POST", "/v1/revoke"), ("POST", "/v1/confirm")] {
            let signed = try SignedRequest(
                method: utf8(method),
                path: utf8(path),
                headers: request.headers,
                body: request.body
            )
            #expect(throws: SignatureError.signature) {
                try signed.check(.valid(publicKey: signer.publicKey), verifier: CryptoVerifier(), at: Self.now)
            }
        }
        #expect(throws: SignatureError.notAllowed) {
            try SignedRequest(
                method: utf8("GET"),
                path: request.path,
                headers: request.headers,
                body: request.body
            )
        }
        for cloud in ["A", "any"] {
            #expect(throws: SignatureError.signature) {
                try check(request, headers: request.headers.replacing("tillbridge-cloud", cloud))
            }
        }
    }

    @Test(
        "headers that are missing, doubled or in another form are refused by name",
        arguments: [
            ("content-digest", SignatureError.Header.contentDigest), ("tillbridge-cloud", .cloud),
            ("signature-input", .signatureInput), ("signature", .signature),
        ]
    )
    func headers(name: String, header: SignatureError.Header) throws {
        let request = try sent()
        #expect(throws: SignatureError.header(header)) {
            try check(request, headers: request.headers.replacing(name, nil))
        }
        #expect(throws: SignatureError.header(header)) {
            var doubled = request.headers
            for field in request.headers.fields where text(field.name) == name { doubled.add(name.utf8, field.value) }
            try check(request, headers: doubled)
        }
    }

    @Test(
        "Signature-Input has one form",
        arguments: [
            "tb=", "", "sig1=(\"@method\" \"@path\" \"content-digest\" \"tillbridge-cloud\");created=1;keyid=\"A.1\"",
            "tb=(\"@method\"  \"@path\" \"content-digest\" \"tillbridge-cloud\");created=1;keyid=\"QF000K703.1\""
                + ";alg=\"ecdsa-p256-sha256\"",
            "tb=(\"@method\" \"@path\" \"content-digest\" \"tillbridge-cloud\");keyid=\"QF000K703.1\";created=1"
                + ";alg=\"ecdsa-p256-sha256\"",
            "tb=(\"@method\" \"@path\" \"content-digest\" \"tillbridge-cloud\");created=01;keyid=\"QF000K703.1\""
                + ";alg=\"ecdsa-p256-sha256\"",
            "tb=(\"@method\" \"@path\" \"content-digest\" \"tillbridge-cloud\");created=-1;keyid=\"QF000K703.1\""
                + ";alg=\"ecdsa-p256-sha256\"",
            "tb=(\"@method\" \"@path\" \"content-digest\" \"tillbridge-cloud\");created=9999999999999"
                + ";keyid=\"QF000K703.1\";alg=\"ecdsa-p256-sha256\"",
            "tb=(\"@method\" \"@path\" \"content-digest\" \"tillbridge-cloud\");created=1;keyid=\"QF000K703\""
                + ";alg=\"ecdsa-p256-sha256\"",
            "tb=(\"@method\" \"@path\" \"content-digest\" \"tillbridge-cloud\");created=1;keyid=\"QF000K703.01\""
                + ";alg=\"ecdsa-p256-sha256\"",
            "tb=(\"@method\" \"@path\" \"content-digest\" \"tillbridge-cloud\");created=1;keyid=\"QF000K703.1\""
                + ";alg=\"ed25519\"",
            "tb=(\"@method\" \"@path\" \"content-digest\" \"tillbridge-cloud\");created=1;keyid=\"QF000K703.1\""
                + ";alg=\"ecdsa-p256-sha256\";nonce=\"x\"",
            "tb=(\"@method\" \"content-digest\" \"tillbridge-cloud\");created=1;keyid=\"QF000K703.1\""
                + ";alg=\"ecdsa-p256-sha256\"",
        ]
    )
    func inputForm(value: String) throws {
        let request = try sent()
        #expect(throws: SignatureError.header(.signatureInput)) {
            try check(request, headers: request.headers.replacing("signature-input", value))
        }
    }

    @Test("Signature has one form: 64 bytes in Base64 under the label tb")
    func signatureForm() throws {
        let request = try sent()
        let value = text(try #require(request.headers.first("signature")))
        let wrong = [
            "", "tb=::", value.replacing("tb=", with: "sig=", maxReplacements: 1), String(value.dropLast()),
            value + " ",
            value.replacing("==:", with: "=:"), value + ", " + value,
            "tb=:" + text(Base64.encode([UInt8](repeating: 1, count: 63))) + ":",
            "tb=:" + text(Base64.encode([UInt8](repeating: 1, count: 65))) + ":",
        ]
        for value in wrong {
            #expect(throws: SignatureError.header(.signature), "\(value)") {
                try check(request, headers: request.headers.replacing("signature", value))
            }
        }
        let zeros = "tb=:" + text(Base64.encode([UInt8](repeating: 0, count: 64))) + ":"
        #expect(throws: SignatureError.signature) {
            try check(request, headers: request.headers.replacing("signature", zeros))
        }
    }

    @Test("created may be 300 seconds away from the receiver's time, and no more")
    func window() throws {
        let created = Timestamp(milliseconds: 1_795_343_403_000)
        let request = try sent(created: created)
        let signed = try SignedRequest(
            method: request.method,
            path: request.path,
            headers: request.headers,
            body: request.body
        )
        let key = KeyStatus.valid(publicKey: signer.publicKey)
        for accepted in [-300_000, -1, 0, 1, 300_000] as [Int64] {
            try signed.check(key, verifier: CryptoVerifier(), at: created + accepted)
        }
        for refused in [-300_001, 300_001, 86_400_000, .min, .max] as [Int64] {
            #expect(throws: SignatureError.stale) {
                try signed.check(key, verifier: CryptoVerifier(), at: created + refused)
            }
        }
    }

    @Test("an unknown key, a revoked key, and another key are told apart, before the time is looked at")
    func keys() throws {
        let request = try sent(created: Timestamp(milliseconds: 1_000))
        let signed = try SignedRequest(
            method: request.method,
            path: request.path,
            headers: request.headers,
            body: request.body
        )
        #expect(throws: SignatureError.unknownKey) {
            try signed.check(.unknown, verifier: CryptoVerifier(), at: Self.now)
        }
        #expect(throws: SignatureError.revokedKey) {
            try signed.check(.revoked, verifier: CryptoVerifier(), at: Self.now)
        }
        #expect(throws: SignatureError.signature) {
            try signed.check(
                .valid(publicKey: CryptoSigner().publicKey),
                verifier: CryptoVerifier(),
                at: Self.now
            )
        }
        #expect(throws: SignatureError.stale) {
            try signed.check(.valid(publicKey: signer.publicKey), verifier: CryptoVerifier(), at: Self.now)
        }
    }

    @Test("each kind of key signs for its own calls alone")
    func allowedPaths() throws {
        let register = KeyID.register(try Sample.register(), generation: 3)
        let cloud = KeyID.cloud(.b, generation: 1)
        for endpoint in Endpoint.allCases {
            let allowed: KeyID? =
                switch endpoint {
                case .hello, .pay, .query, .revoke, .confirm, .refund: register
                case .activate: .activation
                case .peerLog: cloud
                case .heartbeat: nil
                }
            for key in [register, cloud, .activation] {
                let request = try sent(endpoint: endpoint, key: key)
                if key == allowed {
                    try check(request)
                } else {
                    #expect(throws: SignatureError.notAllowed) { try check(request) }
                }
            }
        }
    }

    @Test("a register speaks about its own payments alone")
    func ownPayments() throws {
        let request = try sent()
        let signed = try SignedRequest(
            method: request.method,
            path: request.path,
            headers: request.headers,
            body: request.body
        )
        #expect(signed.mayConcern(try Sample.orderNumber()))
        let other = try #require(RegisterID("QF000K704".utf8))
        #expect(!signed.mayConcern(OrderNumber(installation: .sandbox, register: other, epoch: 1, sequence: 1)))
    }

    @Test("a body above the limit is refused before anything is computed")
    func size() throws {
        let request = try sent()
        #expect(throws: SignatureError.tooLarge) {
            try check(request, body: [UInt8](repeating: 32, count: HTTPLimits.wire.body + 1))
        }
    }

    @Test("an answer holds for its own request alone, with its own status and body")
    func answers() throws {
        let binding = RequestBinding(path: utf8("/v1/query"), contentDigest: utf8(Sample.queryDigest))
        let body = utf8(Sample.answer)
        let cloudKey = KeyID.cloud(.b, generation: 2)
        let headers = try #require(
            SignedAnswer.headers(
                status: 200,
                body: body,
                binding: binding,
                created: Self.now,
                keyID: cloudKey,
                signer: signer
            )
        )
        let accept = { (status: Int, headers: HTTPHeaders, body: [UInt8], binding: RequestBinding) throws in
            let answer = try SignedAnswer(status: status, headers: headers, body: body, binding: binding)
            #expect(answer.cloud == .b)
            try answer.check(.valid(publicKey: signer.publicKey), verifier: CryptoVerifier(), at: Self.now)
        }
        try accept(200, headers, body, binding)
        #expect(throws: SignatureError.signature) { try accept(409, headers, body, binding) }
        #expect(throws: SignatureError.digest) { try accept(200, headers, body + [10], binding) }
        let swapped = RequestBinding(path: binding.path, contentDigest: utf8(Sample.answerDigest))
        #expect(throws: SignatureError.signature) { try accept(200, headers, body, swapped) }
        let elsewhere = RequestBinding(path: utf8("/v1/pay"), contentDigest: binding.contentDigest)
        #expect(throws: SignatureError.signature) { try accept(200, headers, body, elsewhere) }
        // A register's key answers nothing.
        let forged = try #require(
            SignedAnswer.headers(
                status: 200,
                body: body,
                binding: binding,
                created: Self.now,
                keyID: .register(try Sample.register(), generation: 1),
                signer: signer
            )
        )
        #expect(throws: SignatureError.notAllowed) { try accept(200, forged, body, binding) }
    }

    @Test("thousands of mutated signed requests: each is refused or is the same request, and none traps")
    func mutations() throws {
        var generator = SeededGenerator(seed: 11)
        let request = try sent()
        let whole = HTTPSerializer.request(
            method: "POST",
            target: request.target,
            host: utf8("x"),
            headers: request.headers.signatureFields,
            body: request.body
        )
        var accepted = 0
        for _ in 0..<3_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            var parser = HTTPRequestParser()
            parser.feed(bytes)
            guard let changed = try? parser.next(), (try? check(changed)) != nil else { continue }
            accepted += 1
            #expect(changed.body == request.body)
            #expect(changed.path == request.path)
        }
        // Changes of the host, of blanks and of the header names' case are harmless, so some pass.
        #expect(accepted < 300)
    }
}

@Suite struct KeyIDTests {
    @Test("key ids have one spelling", arguments: ["QF000K703.1", "A.1", "B.12", "activation", "QF000K703.999999"])
    func valid(spelling: String) throws {
        #expect(text(try #require(KeyID(spelling.utf8)).bytes) == spelling)
    }

    @Test(
        "anything else is no key id",
        arguments: [
            "", ".", "A", "A.", "A.0", "A.01", "a.1", "C.1", "A.1.1", "A.1000000", "QF000K70.1", "QF000K70I.1",
            "qf000k703.1", "Activation", "activation.1", "A.-1", "A.1 ", " A.1", "A.99999999999999999999",
        ]
    )
    func invalid(spelling: String) {
        #expect(KeyID(spelling.utf8) == nil)
    }
}

@Suite struct OneTimeCodeTests {
    @Test(
        "a one-time code is read as people type it",
        arguments: ["K7Q2-9M4T-XW3P-8DHC", "k7q29m4txw3p8dhc", " K7Q2 9M4T XW3P 8DHC ", "k7q2-9m4t--xw3p8dhc-"]
    )
    func tolerant(typed: String) throws {
        let code = try #require(OneTimeCode(typed: utf8(typed)))
        #expect(text(code.publicPart) == "K7Q2")
        #expect(text(code.secretPart) == "9M4TXW3P8DHC")
        #expect(text(code.shown) == "K7Q2-9M4T-XW3P-8DHC")
    }

    @Test("O is read as 0, I and L as 1")
    func lookAlikes() throws {
        let code = try #require(OneTimeCode(typed: utf8("OoIi-LlO0-1111-0000")))
        #expect(text(code.shown) == "0011-1100-1111-0000")
    }

    @Test(
        "anything else is no code",
        arguments: [
            "", "K7Q2-9M4T-XW3P-8DH", "K7Q2-9M4T-XW3P-8DHCC", "K7Q2-9M4T-XW3P-8DHU", "K7Q2_9M4T-XW3P-8DHC", "é",
        ]
    )
    func refused(typed: String) {
        #expect(OneTimeCode(typed: utf8(typed)) == nil)
    }

    @Test("a code made from random bits survives being shown and typed, and its description hides it")
    func roundTrip() throws {
        var generator = SeededGenerator(seed: 12)
        for _ in 0..<200 {
            let code = OneTimeCode(publicBits: generator.next(), secretBits: generator.next())
            #expect(OneTimeCode(typed: code.shown) == code)
            #expect(!code.description.contains(text(code.secretPart)))
        }
    }

    @Test("proofs hold for one code, one key and one pair of messages")
    func proofs() throws {
        let proof = ActivationProof(OneTimeCode(publicBits: 1, secretBits: 2))
        let other = ActivationProof(OneTimeCode(publicBits: 1, secretBits: 3))
        let publicKey = [UInt8](repeating: 4, count: 65)
        let sent = proof.requestProof(publicKey: publicKey)
        #expect(sent.count == 64)
        #expect(proof.accepts(requestProof: sent, publicKey: publicKey))
        #expect(!other.accepts(requestProof: sent, publicKey: publicKey))
        #expect(!proof.accepts(requestProof: sent, publicKey: [UInt8](repeating: 5, count: 65)))
        #expect(!proof.accepts(requestProof: [], publicKey: publicKey))

        let body = utf8("{\"v\":1}")
        let requestDigest = ContentDigest.value(of: utf8("request"))
        var headers = HTTPHeaders()
        headers.add("Content-Digest", ContentDigest.value(of: body))
        headers.add(
            "Tillbridge-Proof",
            proof.answerProof(requestDigest: requestDigest, answerDigest: ContentDigest.value(of: body))
        )
        #expect(proof.acceptsAnswer(headers: headers, body: body, requestDigest: requestDigest))
        #expect(!other.acceptsAnswer(headers: headers, body: body, requestDigest: requestDigest))
        #expect(!proof.acceptsAnswer(headers: headers, body: body + [32], requestDigest: requestDigest))
        #expect(!proof.acceptsAnswer(headers: headers, body: body, requestDigest: ContentDigest.value(of: body)))
        #expect(!proof.acceptsAnswer(headers: HTTPHeaders(), body: body, requestDigest: requestDigest))
    }
}

extension HTTPHeaders {
    /// A copy in which the fields of a name have another value, or are gone.
    fileprivate func replacing(_ name: String, _ value: String?) -> HTTPHeaders {
        var headers = HTTPHeaders()
        for field in fields {
            if text(field.name) != name {
                headers.add(field.name, field.value)
            } else if let value {
                headers.add(field.name, utf8(value))
            }
        }
        return headers
    }

    /// Without what the serialiser adds by itself.
    fileprivate var signatureFields: HTTPHeaders {
        replacing("host", nil).replacing("content-length", nil)
    }
}
