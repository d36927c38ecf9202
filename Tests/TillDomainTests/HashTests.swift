// Part of Tillbridge. See LICENSE.
import Crypto
import Testing
import TillDomain

@Suite struct HashTests {
    private static let fourteenWords = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"

    @Test(
        "SHA-256 gives the published digests (FIPS 180-4 examples)",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (fourteenWords, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
        ]
    )
    func publishedDigests(message: String, digest: String) {
        #expect(text(Hex.encode(TillDomain.SHA256.hash(utf8(message)))) == digest)
    }

    @Test("SHA-256 of a million times a")
    func millionTimesA() {
        var hasher = TillDomain.SHA256()
        let piece = [UInt8](repeating: 97, count: 1000)
        for _ in 0..<1000 { hasher.update(piece) }
        #expect(
            text(Hex.encode(hasher.finalize())) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        )
    }

    @Test("SHA-256 agrees with swift-crypto on random messages, however they are cut")
    func agreesWithSwiftCrypto() {
        var generator = SeededGenerator(seed: 1)
        for length in 0..<300 {
            let message = generator.bytes(length)
            var hasher = TillDomain.SHA256()
            var rest = message[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...80, using: &generator))
                hasher.update(piece)
                rest = rest.dropFirst(piece.count)
            }
            let expected = [UInt8](Crypto.SHA256.hash(data: message))
            #expect(hasher.finalize() == expected)
            #expect(TillDomain.SHA256.hash(message) == expected)
            #expect(TillDomain.SHA256.hash(message.lazy.map { $0 }) == expected)
        }
    }

    @Test("a copy of a hasher goes on where the other ended")
    func copies() {
        var hasher = TillDomain.SHA256()
        hasher.update("ab")
        let early = hasher
        hasher.update("c")
        #expect(early.finalize() == TillDomain.SHA256.hash(utf8("ab")))
        #expect(hasher.finalize() == TillDomain.SHA256.hash(utf8("abc")))
    }

    @Test(
        "HMAC-SHA256 gives the published codes (RFC 4231, cases 1, 2, 3, 6)",
        arguments: [
            (
                [UInt8](repeating: 0x0b, count: 20), utf8("Hi There"),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                utf8("Jefe"), utf8("what do ya want for nothing?"),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xaa, count: 20), [UInt8](repeating: 0xdd, count: 50),
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
            ),
            (
                [UInt8](repeating: 0xaa, count: 131), utf8("Test Using Larger Than Block-Size Key - Hash Key First"),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ]
    )
    func publishedCodes(key: [UInt8], message: [UInt8], code: String) {
        #expect(text(Hex.encode(HMACSHA256.code(of: message, key: key))) == code)
    }

    @Test("HMAC-SHA256 agrees with swift-crypto for keys around the block size")
    func codesAgree() {
        var generator = SeededGenerator(seed: 2)
        for length in 0..<140 {
            let key = generator.bytes(length)
            let message = generator.bytes(200 - length)
            let expected = [UInt8](
                HMAC<Crypto.SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key))
            )
            #expect(HMACSHA256.code(of: message, key: key) == expected)
        }
    }

    @Test(
        "PBKDF2 gives the published keys (RFC 7914, section 11, and the SHA-256 form of RFC 6070)",
        arguments: [
            (
                "passwd", "salt", 1, 64,
                "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"
            ),
            ("password", "salt", 1, 32, "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b"),
            ("password", "salt", 2, 32, "ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43"),
            ("password", "salt", 4096, 32, "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a"),
            (
                "passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096, 40,
                "348c89dbcbd32b2f32d814b8116e84cf2b17347ebc1800181c4e2a1fb8dd53e1c635518c7dac47e9"
            ),
        ]
    )
    func publishedKeys(password: String, salt: String, rounds: Int, length: Int, key: String) {
        let derived = PBKDF2.key(password: utf8(password), salt: utf8(salt), rounds: rounds, length: length)
        #expect(derived.count == length)
        #expect(text(Hex.encode(derived)) == key)
    }

    @Test("CRC-32C gives the published checksums (RFC 3720, B.4)")
    func publishedChecksums() {
        #expect(CRC32C.checksum(utf8("123456789")) == 0xe306_9283)
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
        #expect(CRC32C.checksum([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
        #expect(CRC32C.checksum([UInt8](0..<32)) == 0x46dd_794e)
        #expect(CRC32C.checksum((0..<32).map { 31 - $0 }) == 0x113f_db5c)
        #expect(CRC32C.checksum([]) == 0)
    }

    @Test("CRC-32C agrees with the bit by bit definition, however the bytes are cut")
    func checksumsAgree() {
        var generator = SeededGenerator(seed: 3)
        for length in 0..<200 {
            let bytes = generator.bytes(length)
            var slow: UInt32 = .max
            for byte in bytes {
                slow ^= UInt32(byte)
                for _ in 0..<8 { slow = slow >> 1 ^ (slow & 1 == 1 ? 0x82f6_3b78 : 0) }
            }
            #expect(CRC32C.checksum(bytes) == ~slow)
            let cut = length == 0 ? 0 : Int.random(in: 0..<length, using: &generator)
            var crc = CRC32C()
            crc.update(bytes[..<cut])
            crc.update(bytes[cut...].lazy.map { $0 })
            #expect(crc.value == ~slow)
        }
    }
}
