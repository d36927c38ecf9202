// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillProtocol

/// The examples of `docs/wire.md`, section 4, byte by byte.
@Suite struct SignatureVectorTests {
    @Test("the example bodies are what the messages encode to")
    func bodies() throws {
        let query = QueryRequest(id: try Sample.messageID(), intent: try Sample.intent(), home: .a, wait: 2500)
        #expect(text(query.encode()) == Sample.query)
        let facts = PaidFacts(
            amount: Money(fen: 1280),
            wallet: .alipay,
            transaction: try #require(WalletTransactionID("2026112222001400000000000001".utf8)),
            payer: []
        )
        let answer = PaymentAnswer(
            head: AnswerHead(
                id: try Sample.messageID(),
                cloud: .a,
                time: Timestamp(milliseconds: 1_795_343_404_010)
            ),
            orderNumber: try Sample.orderNumber(),
            state: .paid(facts)
        )
        #expect(text(answer.encode()) == Sample.answer)
        #expect(try PaymentAnswer(decoding: utf8(Sample.answer)) == answer)
        #expect(try QueryRequest(decoding: utf8(Sample.query)) == query)
    }

    @Test("digests and signature bases of the example, byte by byte")
    func bases() throws {
        #expect(text(ContentDigest.value(of: utf8(Sample.query))) == Sample.queryDigest)
        #expect(text(ContentDigest.value(of: utf8(Sample.answer))) == Sample.answerDigest)
        let request = SignatureBase.request(
            method: utf8("POST"),
            path: utf8("/v1/query"),
            contentDigest: utf8(Sample.queryDigest),
            cloud: .only(.a),
            created: 1_795_343_403,
            keyID: .register(try Sample.register(), generation: 1)
        )
        #expect(
            text(request) == """
                "@method": POST
                "@path": /v1/query
                "content-digest": sha-256=:AuIPjrR812ZxHNTgfF3WT+kjRs6gMQ8Yo7cJFqYcE18=:
                "tillbridge-cloud": A
                "@signature-params": ("@method" "@path" "content-digest" "tillbridge-cloud")\
                ;created=1795343403;keyid="QF000K703.1";alg="ecdsa-p256-sha256"
                """
        )
        #expect(request.count == 269)
        let answer = SignatureBase.answer(
            status: 200,
            contentDigest: utf8(Sample.answerDigest),
            requestPath: utf8("/v1/query"),
            requestDigest: utf8(Sample.queryDigest),
            created: 1_795_343_404,
            keyID: .cloud(.a, generation: 1)
        )
        #expect(
            text(answer) == """
                "@status": 200
                "content-digest": sha-256=:aUUq5odX52z2mWTjRjhEL1kXbqwvbxCL4F5FlFN/cjI=:
                "@path";req: /v1/query
                "content-digest";req: sha-256=:AuIPjrR812ZxHNTgfF3WT+kjRs6gMQ8Yo7cJFqYcE18=:
                "@signature-params": ("@status" "content-digest" "@path";req "content-digest";req)\
                ;created=1795343404;keyid="A.1";alg="ecdsa-p256-sha256"
                """
        )
        #expect(answer.count == 325)
    }

    @Test("the example signatures verify over the example bases with swift-crypto")
    func signatures() throws {
        let request = SignatureBase.request(
            method: utf8("POST"),
            path: utf8("/v1/query"),
            contentDigest: utf8(Sample.queryDigest),
            cloud: .only(.a),
            created: 1_795_343_403,
            keyID: .register(try Sample.register(), generation: 1)
        )
        let requestSignature = try #require(Base64.decode(utf8(Sample.querySignature)))
        let registerKey = try #require(Base64.decode(utf8(Sample.registerKey)))
        #expect(CryptoVerifier().verify(signature: requestSignature, of: request, publicKey: registerKey))
        let answer = SignatureBase.answer(
            status: 200,
            contentDigest: utf8(Sample.answerDigest),
            requestPath: utf8("/v1/query"),
            requestDigest: utf8(Sample.queryDigest),
            created: 1_795_343_404,
            keyID: .cloud(.a, generation: 1)
        )
        let answerSignature = try #require(Base64.decode(utf8(Sample.answerSignature)))
        let cloudKey = try #require(Base64.decode(utf8(Sample.cloudKey)))
        #expect(CryptoVerifier().verify(signature: answerSignature, of: answer, publicKey: cloudKey))
    }

    @Test("the example exchange passes every check of its receivers")
    func exchange() throws {
        var headers = HTTPHeaders()
        headers.add("Content-Digest", utf8(Sample.queryDigest))
        headers.add("Tillbridge-Cloud", "A")
        headers.add(
            "Signature-Input",
            utf8(
                "tb=(\"@method\" \"@path\" \"content-digest\" \"tillbridge-cloud\");created=1795343403"
                    + ";keyid=\"QF000K703.1\";alg=\"ecdsa-p256-sha256\""
            )
        )
        headers.add("Signature", utf8("tb=:\(Sample.querySignature):"))
        let request = try SignedRequest(
            method: utf8("POST"),
            path: utf8("/v1/query"),
            headers: headers,
            body: utf8(Sample.query)
        )
        #expect(request.endpoint == .query)
        #expect(request.cloud == .only(.a))
        #expect(request.keyID == .register(try Sample.register(), generation: 1))
        let registerKey = try #require(Base64.decode(utf8(Sample.registerKey)))
        try request.check(
            .valid(publicKey: registerKey),
            verifier: CryptoVerifier(),
            at: Timestamp(milliseconds: 1_795_343_403_500)
        )
        #expect(request.mayConcern(try Sample.orderNumber()))

        var answerHeaders = HTTPHeaders()
        answerHeaders.add("Content-Digest", utf8(Sample.answerDigest))
        answerHeaders.add(
            "Signature-Input",
            utf8(
                "tb=(\"@status\" \"content-digest\" \"@path\";req \"content-digest\";req);created=1795343404"
                    + ";keyid=\"A.1\";alg=\"ecdsa-p256-sha256\""
            )
        )
        answerHeaders.add("Signature", utf8("tb=:\(Sample.answerSignature):"))
        let answer = try SignedAnswer(
            status: 200,
            headers: answerHeaders,
            body: utf8(Sample.answer),
            binding: request.binding
        )
        #expect(answer.cloud == .a)
        let cloudKey = try #require(Base64.decode(utf8(Sample.cloudKey)))
        try answer.check(
            .valid(publicKey: cloudKey),
            verifier: CryptoVerifier(),
            at: Timestamp(milliseconds: 1_795_343_404_000)
        )
    }

    @Test("the activation example's key, and its proofs against swift-crypto's HMAC")
    func activation() throws {
        let code = try #require(OneTimeCode(typed: utf8("K7Q2-9M4T-XW3P-8DHC")))
        let proof = ActivationProof(code)
        #expect(text(Hex.encode(proof.key)).hasPrefix("812745ad5fa5a656"))
        let publicKey = try #require(Base64.decode(utf8(Sample.registerKey)))
        #expect(proof.requestProof(publicKey: publicKey) == Independent.hmac(utf8(Sample.registerKey), key: proof.key))
        let answerProof = proof.answerProof(
            requestDigest: utf8(Sample.queryDigest),
            answerDigest: utf8(Sample.answerDigest)
        )
        #expect(
            answerProof == Independent.hmac(utf8("\(Sample.queryDigest)\n\(Sample.answerDigest)"), key: proof.key)
        )
    }
}
