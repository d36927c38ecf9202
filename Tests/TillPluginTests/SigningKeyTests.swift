// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation
import Testing

@testable import TillPlugin

@Suite struct SigningKeyTests {
    @Test("what the plug-in signs, swift-crypto accepts, and the reverse")
    func crossChecked() throws {
        for round in 0..<40 {
            let message = Data("message \(round)".utf8)
            let hash = [UInt8](Crypto.SHA256.hash(data: message))

            let ours = try #require(SigningKey())
            let theirView = try P256.Signing.PublicKey(x963Representation: ours.publicKey.bytes)
            let signature = ours.sign(hash: hash)
            #expect(
                theirView.isValidSignature(try .init(rawRepresentation: signature), for: message)
            )

            let theirs = P256.Signing.PrivateKey()
            let ourView = try #require(VerifyingKey([UInt8](theirs.publicKey.x963Representation)))
            let theirSignature = [UInt8](try theirs.signature(for: message).rawRepresentation)
            #expect(ourView.verifies(theirSignature, hash: hash))
            #expect(!ours.publicKey.verifies(theirSignature, hash: hash))
            #expect(!ourView.verifies(signature, hash: hash))
        }
    }

    @Test("a flipped bit anywhere in signature or hash is found")
    func flips() throws {
        let key = try #require(SigningKey())
        let hash = [UInt8](Crypto.SHA256.hash(data: Data("tender".utf8)))
        let signature = key.sign(hash: hash)
        #expect(key.publicKey.verifies(signature, hash: hash))
        for bit in 0..<512 where bit % 7 == 0 {
            var bad = signature
            bad[bit / 8] ^= 1 << (bit % 8)
            #expect(!key.publicKey.verifies(bad, hash: hash))
        }
        for bit in 0..<256 where bit % 5 == 0 {
            var bad = hash
            bad[bit / 8] ^= 1 << (bit % 8)
            #expect(!key.publicKey.verifies(signature, hash: bad))
        }
    }

    @Test("numbers that are no signature are refused, never accepted or trapped on")
    func degenerate() throws {
        let key = try #require(SigningKey())
        let hash = [UInt8](repeating: 1, count: 32)
        let zero = [UInt8](repeating: 0, count: 32)
        let ones = [UInt8](repeating: 255, count: 32)
        // The order of the group: r and s must be below it.
        let order: [UInt8] = [
            0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA, 0xAD,
            0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
        ]
        let good = key.sign(hash: hash)
        for half in [zero, ones, order] {
            #expect(!key.publicKey.verifies(half + [UInt8](good[32...]), hash: hash))
            #expect(!key.publicKey.verifies([UInt8](good[..<32]) + half, hash: hash))
        }
        #expect(!key.publicKey.verifies([], hash: hash))
        #expect(!key.publicKey.verifies(good + [0], hash: hash))
        // Private keys: zero and the order itself are none, one below it is.
        #expect(SigningKey(secret: zero) == nil)
        #expect(SigningKey(secret: order) == nil)
        var last = order
        last[31] -= 1
        #expect(SigningKey(secret: last) != nil)
        #expect(SigningKey(secret: [1]) == nil)
    }

    @Test("a public key off the curve verifies nothing")
    func offCurve() throws {
        let key = try #require(SigningKey())
        let hash = [UInt8](repeating: 9, count: 32)
        let signature = key.sign(hash: hash)
        var bytes = key.publicKey.bytes
        bytes[64] ^= 1
        let offCurve = try #require(VerifyingKey(bytes))
        #expect(!offCurve.verifies(signature, hash: hash))
        #expect(VerifyingKey([UInt8](bytes.dropLast())) == nil)
        bytes[0] = 2
        #expect(VerifyingKey(bytes) == nil)
    }

    @Test("a stored key is the same key again, and no description shows it")
    func stored() throws {
        let key = try #require(SigningKey())
        let again = try #require(SigningKey(secret: key.secret))
        #expect(again.publicKey == key.publicKey)
        let theirs = try P256.Signing.PrivateKey(rawRepresentation: key.secret)
        #expect([UInt8](theirs.publicKey.x963Representation) == key.publicKey.bytes)
        #expect("\(key)" == "signing key (masked)")
    }
}
