// Part of Tillbridge. See LICENSE.
import TillDomain

/// The code that enrols one register, once: 4 public and 12 secret characters of base 32, shown as
/// `K7Q2-9M4T-XW3P-8DHC`.
package struct OneTimeCode: Equatable, Sendable, CustomStringConvertible {
    /// 4 characters: travels, and finds the code at the cloud.
    package let publicPart: [UInt8]
    /// 12 characters, 60 bits: never travels.
    package let secretPart: [UInt8]

    /// - Parameters:
    ///   - publicBits: 20 random bits.
    ///   - secretBits: 60 random bits.
    package init(publicBits: UInt64, secretBits: UInt64) {
        publicPart = Base32.encode(publicBits, count: 4)
        secretPart = Base32.encode(secretBits, count: 12)
    }

    /// Reads a code as people type it: any case, with or without dashes and blanks, O for 0, I or L for 1.
    package init?(typed text: some Collection<UInt8>) {
        guard text.count <= 64 else { return nil }
        var characters: [UInt8] = []
        for byte in text where byte != 45 && byte != 32 {
            let upper = (97...122).contains(byte) ? byte - 32 : byte
            let character: UInt8 =
                switch upper {
                case 79: 48
                case 73, 76: 49
                default: upper
                }
            guard Base32.value(character) != nil else { return nil }
            characters.append(character)
        }
        guard characters.count == 16 else { return nil }
        publicPart = [UInt8](characters[0..<4])
        secretPart = [UInt8](characters[4...])
    }

    /// As it is shown, once, to the person who enrols the register.
    package var shown: [UInt8] {
        var text = publicPart
        for start in [0, 4, 8] { text += [45] + secretPart[start..<start + 4] }
        return text
    }

    /// Without the secret.
    package var description: String { "one-time code (masked)" }
}

/// The proofs of an activation: both sides know the one-time code, and neither ever sends its secret part.
package struct ActivationProof: Equatable, Sendable {
    /// K = SHA-256(`tillbridge activation` LF, secret part): what the cloud stores until the code is used.
    package let key: [UInt8]

    package init(_ code: OneTimeCode) {
        var hasher = SHA256()
        hasher.update("tillbridge activation\n")
        hasher.update(code.secretPart)
        key = hasher.finalize()
    }

    /// - Parameter key: 32 bytes, as they were stored.
    package init(key: [UInt8]) { self.key = key }

    /// `proof` of the request: that the sender of this public key holds the code. 64 hexadecimal digits.
    ///
    /// - Parameter publicKey: The uncompressed point; its Base64 text is what is authenticated.
    package func requestProof(publicKey: [UInt8]) -> [UInt8] {
        Hex.encode(HMACSHA256.code(of: Base64.encode(publicKey), key: key))
    }

    /// `Tillbridge-Proof` of the answer: that the sender of this answer to this request holds the code.
    ///
    /// - Parameters:
    ///   - requestDigest: The value of the request's `Content-Digest`.
    ///   - answerDigest: The value of the answer's.
    package func answerProof(requestDigest: [UInt8], answerDigest: [UInt8]) -> [UInt8] {
        Hex.encode(HMACSHA256.code(of: requestDigest + [10] + answerDigest, key: key))
    }

    package func accepts(requestProof: [UInt8], publicKey: [UInt8]) -> Bool {
        ConstantTime.equal(requestProof, self.requestProof(publicKey: publicKey))
    }

    /// Checks an answer that has arrived: its digest header, then its proof.
    package func acceptsAnswer(headers: HTTPHeaders, body: [UInt8], requestDigest: [UInt8]) -> Bool {
        guard let digest = headers.only(HeaderName.contentDigest), digest == ContentDigest.value(of: body),
            let proof = headers.only(HeaderName.proof)
        else { return false }
        return ConstantTime.equal(proof, answerProof(requestDigest: requestDigest, answerDigest: digest))
    }
}
