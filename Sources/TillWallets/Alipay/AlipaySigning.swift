// Part of Tillbridge. See LICENSE.
import Crypto
import CryptoExtras
import FoundationEssentials
import TillDomain

/// RSA2: RSASSA-PKCS1-v1.5 with SHA-256, Base64.
///
/// The keys are parsed when the account is opened, never per call: RSA is the dearest step of a payment.
struct AlipaySigning: Sendable, CustomStringConvertible, CustomReflectable {
    private let merchantKey: RSASigner
    private let merchantPublicKey: _RSA.Signing.PublicKey
    private let alipayKey: _RSA.Signing.PublicKey

    /// - Parameters:
    ///   - merchantKey: PKCS#1 or PKCS#8, with or without PEM armour and line breaks.
    ///   - alipayKey: Alipay's public key (SubjectPublicKeyInfo), likewise. Not the application's own public key.
    init?(merchantKey: String, alipayKey: String) {
        guard let private_ = KeyText.der(merchantKey), let public_ = KeyText.der(alipayKey),
            let key = try? _RSA.Signing.PrivateKey(derRepresentation: private_),
            let signer = RSASigner(private_),
            let other = try? _RSA.Signing.PublicKey(derRepresentation: public_)
        else { return nil }
        self.merchantKey = signer
        self.merchantPublicKey = key.publicKey
        self.alipayKey = other
    }

    var description: String { "Alipay keys (masked)" }
    var customMirror: Mirror { Mirror(self, children: []) }

    /// The most common mistake: Alipay shows both public keys on one page.
    var verifiesWithOwnKey: Bool {
        merchantPublicKey.derRepresentation == alipayKey.derRepresentation
    }

    /// The signed text of a request: parameters without `sign` and without empty values, sorted by name, raw.
    static func text(_ parameters: [(name: String, value: [UInt8])]) -> [UInt8] {
        let sorted = parameters.filter { $0.name != "sign" && !$0.value.isEmpty }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        var text: [UInt8] = []
        for parameter in sorted {
            if !text.isEmpty { text.append(38) }
            text += parameter.name.utf8
            text.append(61)
            text += parameter.value
        }
        return text
    }

    func sign(_ text: [UInt8]) throws(WalletError) -> [UInt8] {
        guard let signature = merchantKey.sign(text) else { throw .signingFailed }
        return Base64.encode(signature)
    }

    func isValid(_ signature: [UInt8], for text: [UInt8]) -> Bool {
        guard let bytes = Base64.decode(signature) else { return false }
        return alipayKey.isValidSignature(
            _RSA.Signing.RSASignature(rawRepresentation: bytes),
            for: Crypto.SHA256.hash(data: text),
            padding: .insecurePKCS1v1_5
        )
    }

    /// The signed text of an answer: the node as it arrived or, if that fails, with its slashes written the other way,
    /// which Alipay's own libraries try as well. What verified is what may be read.
    func verified(_ node: [UInt8], signature: [UInt8]) -> [UInt8]? {
        if isValid(signature, for: node) { return node }
        let other = AlipaySigning.slashesTurned(node)
        return other != node && isValid(signature, for: other) ? other : nil
    }

    /// `\/` becomes `/`; in a text without any, `/` becomes `\/`.
    private static func slashesTurned(_ node: [UInt8]) -> [UInt8] {
        let hasEscaped = zip(node, node.dropFirst()).contains { $0 == 92 && $1 == 47 }
        var turned: [UInt8] = []
        for byte in node {
            if byte == 47, !hasEscaped { turned.append(92) }
            if byte == 47, hasEscaped, turned.last == 92 { turned.removeLast() }
            turned.append(byte)
        }
        return turned
    }
}

/// A key as people paste it.
enum KeyText {
    /// The bytes inside, with or without `-----BEGIN …-----` lines.
    static func der(_ text: String) -> [UInt8]? {
        var base64: [UInt8] = []
        for line in text.utf8.split(whereSeparator: { $0 == 10 || $0 == 13 }) where !line.starts(with: "-----".utf8) {
            base64 += line.filter { $0 != 32 && $0 != 9 }
        }
        return base64.isEmpty ? nil : Base64.decode(base64)
    }
}
