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
    /// What answers are verified with: one key, or those of Alipay's certificates by their serial texts.
    private let alipayKeys: [(serial: [UInt8]?, key: _RSA.Signing.PublicKey)]
    /// The parameters that certificate mode adds to every request.
    let names: MessageFields

    /// Key mode.
    ///
    /// - Parameters:
    ///   - merchantKey: PKCS#1 or PKCS#8, with or without PEM armour and line breaks.
    ///   - alipayKey: Alipay's public key (SubjectPublicKeyInfo), likewise. Not the application's own public key.
    init?(merchantKey: String, alipayKey: String) {
        guard let public_ = KeyText.der(alipayKey),
            let other = try? _RSA.Signing.PublicKey(derRepresentation: public_)
        else { return nil }
        self.init(merchantKey: merchantKey, alipayKeys: [(nil, other)], names: [:])
    }

    /// Certificate mode.
    init?(merchantKey: String, certificates: AlipayCertificates) {
        self.init(
            merchantKey: merchantKey,
            alipayKeys: certificates.alipay.map { ($0.serial, $0.key) },
            names: [
                "app_cert_sn": certificates.application.serial, "alipay_root_cert_sn": certificates.rootSerials,
            ]
        )
    }

    private init?(
        merchantKey: String,
        alipayKeys: [(serial: [UInt8]?, key: _RSA.Signing.PublicKey)],
        names: MessageFields
    ) {
        guard let private_ = KeyText.der(merchantKey),
            let key = try? _RSA.Signing.PrivateKey(derRepresentation: private_),
            let signer = RSASigner(private_)
        else { return nil }
        self.merchantKey = signer
        self.merchantPublicKey = key.publicKey
        self.alipayKeys = alipayKeys
        self.names = names
    }

    var description: String { "Alipay keys (masked)" }
    var customMirror: Mirror { Mirror(self, children: []) }

    /// The most common mistake: Alipay shows both public keys on one page.
    var verifiesWithOwnKey: Bool {
        alipayKeys.contains { belongs(to: $0.key) }
    }

    /// Whether the merchant's private key is the other half of this one.
    func belongs(to key: _RSA.Signing.PublicKey) -> Bool {
        merchantPublicKey.derRepresentation == key.derRepresentation
    }

    func sign(_ text: [UInt8]) throws(WalletError) -> [UInt8] {
        guard let signature = merchantKey.sign(text) else { throw .signingFailed }
        return Base64.encode(signature)
    }

    func isValid(_ signature: [UInt8], for text: [UInt8]) -> Bool {
        alipayKeys.contains { AlipaySigning.isValid(signature, for: text, with: $0.key) }
    }

    private static func isValid(_ signature: [UInt8], for text: [UInt8], with key: _RSA.Signing.PublicKey) -> Bool {
        guard let bytes = Base64.decode(signature) else { return false }
        return key.isValidSignature(
            _RSA.Signing.RSASignature(rawRepresentation: bytes),
            for: Crypto.SHA256.hash(data: text),
            padding: .insecurePKCS1v1_5
        )
    }

    /// The signed text of an answer. An answer that names a certificate is verified with that one alone; one that names
    /// none, which other programs have seen in certificate mode, with those that were given.
    func verified(_ envelope: AlipayEnvelope) -> [UInt8]? {
        guard let signature = envelope.signature else { return nil }
        for (serial, key) in alipayKeys where serial == nil || envelope.certificate.map({ $0 == serial }) ?? true {
            if let text = AlipaySigning.verified(envelope.node, signature: signature, with: key) { return text }
        }
        return nil
    }

    /// The node as it arrived or, if that fails, with its slashes written the other way, which Alipay's own libraries
    /// try as well. What verified is what may be read.
    private static func verified(
        _ node: [UInt8],
        signature: [UInt8],
        with key: _RSA.Signing.PublicKey
    ) -> [UInt8]? {
        if isValid(signature, for: node, with: key) { return node }
        let other = slashesTurned(node)
        return other != node && isValid(signature, for: other, with: key) ? other : nil
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
