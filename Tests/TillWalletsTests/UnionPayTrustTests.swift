// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillDomain
import TillEngine

@testable import TillWallets

/// Which certificate may sign an answer, and when.
@Suite struct UnionPayTrustTests {
    private static let second: Int64 = 1_000
    /// 2027-01-01 00:00:00 UTC, at which the signing certificate ends.
    private static let end: Int64 = 1_798_761_600_000
    /// 2026-12-01 00:00:00 UTC, at which its successor begins.
    private static let renewal: Int64 = 1_796_083_200_000

    private func certificates(_ names: String...) throws -> [UnionPayCertificate] {
        try names.flatMap { try #require(UnionPayCertificate.all(in: Fixture.text("keys/unionpay-\($0).pem"))) }
    }

    private func trust(_ signer: String = UnionPayTrust.test) throws -> UnionPayTrust {
        try #require(UnionPayTrust(pinned: certificates("root", "middle"), signer: [UInt8](signer.utf8)))
    }

    private func text(_ name: String) throws -> [UInt8] { [UInt8](try Fixture.text("keys/unionpay-\(name).pem").utf8) }

    @Test("a certificate is believed from its first second to its last, also out of the cache")
    func dates() throws {
        let trust = try trust()
        func believes(_ name: String, _ moment: Int64) throws -> Bool {
            try trust.certificate(text(name), at: Timestamp(milliseconds: moment)) != nil
        }
        #expect(try believes("sign", Sample.now.milliseconds))
        #expect(try believes("sign", Sample.now.milliseconds))
        #expect(try believes("sign", Self.end - 120 * Self.second))
        #expect(try !believes("sign", Self.end + UnionPayTrust.cacheSpan))
        #expect(try !believes("renewed", Self.renewal - Self.second))
        #expect(try believes("renewed", Self.renewal))
        #expect(try !believes("sign", 0))
        #expect(try !believes("expired", Sample.now.milliseconds))
        // A clock that is set back makes nothing valid that is not.
        #expect(try believes("renewed", Self.renewal))
        #expect(try !believes("renewed", Self.renewal - Self.second))
    }

    @Test("around a renewal both certificates are believed, for orders of any age")
    func renewal() throws {
        let adapter = try Account.unionPay()
        var response = try Fixture.response("unionpay/pay-accepted-renewed")
        let operation = WalletOperation.pay(try Sample.payment())
        for (moment, outcome) in [
            (Self.renewal - 1, PayOutcome.unknown(.badSignature)), (Self.renewal, .waitingForShopper),
        ] {
            response.receivedAt = Timestamp(milliseconds: moment)
            let reading = adapter.read(response, of: operation)
            #expect(reading.outcome == .pay(outcome))
        }
    }

    @Test("only the third part of the common name says who signs")
    func names() throws {
        for (name, owner) in [
            ("sign", UnionPayTrust.test), ("production", UnionPayTrust.production), ("customer", "777290058135881"),
        ] {
            let certificate = try #require(try UnionPayCertificate(text(name)))
            #expect(certificate.owner == [UInt8](owner.utf8))
            for signer in [UnionPayTrust.test, UnionPayTrust.production, "", "Z12"] {
                let found = try trust(signer).certificate(text(name), at: Sample.now)
                #expect((found != nil) == (signer == owner), "\(name) \(signer)")
            }
        }
        // A name that is no list has no third part.
        #expect(try certificates("middle")[0].owner == nil)
    }

    @Test("the merchant's number tells the signer, unless the settings do")
    func signer() throws {
        let answer = try AnswerWriter.unionPay(
            "pay",
            ["signPubKeyCert": Fixture.text("keys/unionpay-production.pem"), "merId": "898340183980105"]
        )
        let operation = WalletOperation.pay(try Sample.payment())
        let live = ["merID": "898340183980105"]
        #expect(try Account.unionPay(live).outcome(of: operation, from: answer) == .pay(.waitingForShopper))
        let other = live.merging(["signerName": UnionPayTrust.test]) { $1 }
        #expect(try Account.unionPay(other).outcome(of: operation, from: answer) == .pay(.unknown(.badSignature)))
    }

    @Test("a chain that does not end in the pinned root is none, whatever its names are")
    func chains() throws {
        let trust = try trust()
        for name in ["stranger", "by-customer"] {
            #expect(try trust.certificate(text(name), at: Sample.now) == nil, "\(name)")
        }
        let rootless = try #require(
            try UnionPayTrust(pinned: certificates("middle"), signer: [UInt8](UnionPayTrust.test.utf8))
        )
        #expect(try rootless.certificate(text("sign"), at: Sample.now) == nil)
        // A customer's certificate issues nothing, even where it is pinned by mistake.
        let mistaken = try #require(
            try UnionPayTrust(
                pinned: certificates("root", "middle", "customer"),
                signer: [UInt8](UnionPayTrust.test.utf8)
            )
        )
        #expect(try mistaken.certificate(text("by-customer"), at: Sample.now) == nil)
    }

    @Test(
        "texts that are not one certificate are refused",
        arguments: ["", "-", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----", "MIIB", "bm8gY2VydGlmaWNhdGU="]
    )
    func noCertificate(text: String) {
        #expect(UnionPayCertificate([UInt8](text.utf8)) == nil)
        #expect(UnionPayCertificate.all(in: text) == nil)
    }

    @Test("two certificates, a cut one and a very long text are refused where one is expected")
    func notOne() throws {
        let sign = try text("sign")
        let der = try #require(KeyText.der(String(decoding: sign, as: UTF8.self)))
        func pem(_ bytes: [UInt8]) -> [UInt8] { Base64.encode(bytes) }
        #expect(UnionPayCertificate(pem(der)) != nil)
        #expect(UnionPayCertificate(sign + sign) == nil)
        #expect(UnionPayCertificate(pem(der + [0])) == nil)
        #expect(UnionPayCertificate(pem(der + der)) == nil)
        for length in stride(from: 0, to: der.count, by: 97) {
            #expect(UnionPayCertificate(pem([UInt8](der[..<length]))) == nil)
        }
        let filler = [UInt8](repeating: 10, count: UnionPayCertificate.textLimit - sign.count)
        #expect(UnionPayCertificate(sign + filler) != nil)
        #expect(UnionPayCertificate(sign + filler + [10]) == nil)
    }

    @Test("changed certificates never trap and are never believed")
    func changed() throws {
        let trust = try trust()
        let sign = try #require(try KeyText.der(Fixture.text("keys/unionpay-sign.pem")))
        for round in 0..<2_000 {
            var generator = SeededGenerator(seed: UInt64(round))
            var bytes = sign
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[place] ^= UInt8.random(in: 1...255, using: &generator)
            }
            if bytes == sign { continue }
            #expect(trust.certificate(Base64.encode(bytes), at: Sample.now) == nil, "seed \(round)")
        }
    }

    @Test("the cache holds a few certificates and forgets the oldest")
    func bounded() throws {
        let trust = try trust()
        let sign = try text("sign")
        let first = try #require(trust.certificate(sign, at: Sample.now))
        #expect(trust.certificate(sign, at: Sample.now) === first)
        for blanks in 1...UnionPayTrust.cacheLimit {
            let text = sign + [UInt8](repeating: 10, count: blanks)
            #expect(trust.certificate(text, at: Sample.now) != nil)
        }
        #expect(trust.certificate(sign, at: Sample.now) !== first)
    }
}
