// Part of Tillbridge. See LICENSE.
import Crypto
import TillDomain

/// Version 5.1.0, signMethod 01: the fields are hashed, and the hash's text is signed with RSA and hashed once more.
///
/// The keys are parsed when the account is opened. Answers bring the certificate that they are signed with; what it
/// takes to believe one is ``UnionPayTrust``'s matter.
struct UnionPaySigning: Sendable, CustomStringConvertible, CustomReflectable {
    /// The serial number of the merchant's signing certificate, in decimal digits.
    let certificateID: [UInt8]
    private let key: RSASigner
    private let trust: UnionPayTrust

    init(certificateID: [UInt8], key: RSASigner, trust: UnionPayTrust) {
        self.certificateID = certificateID
        self.key = key
        self.trust = trust
    }

    var description: String { "UnionPay keys (masked)" }
    var customMirror: Mirror { Mirror(self, children: []) }

    /// The text that is signed: SHA-256, as lower-case hexadecimal digits, over `name=value` of every field with a value
    /// but `signature`, sorted by name, joined with `&`, raw.
    static func digest(_ fields: [(name: [UInt8], value: [UInt8])]) -> [UInt8] {
        let sorted = fields.filter { !$0.value.isEmpty && !("signature" as StaticString).matches($0.name) }
            .sorted { $0.name.lexicographicallyPrecedes($1.name) }
        var text: [UInt8] = []
        for field in sorted {
            if !text.isEmpty { text.append(38) }
            text += field.name
            text.append(61)
            text += field.value
        }
        return Hex.encode([UInt8](Crypto.SHA256.hash(data: text)))
    }

    func sign(_ fields: [(name: [UInt8], value: [UInt8])]) throws(WalletError) -> [UInt8] {
        guard let signature = key.sign(UnionPaySigning.digest(fields)) else { throw .signingFailed }
        return Base64.encode(signature)
    }

    /// Whether UnionPay signed the answer, with a certificate that is good at `now`.
    func isValid(_ answer: UnionPayForm, at now: Timestamp) -> Bool {
        guard let signature = answer["signature"].flatMap({ Base64.decode($0) }),
            let text = answer["signPubKeyCert"], let certificate = trust.certificate(text, at: now)
        else { return false }
        return certificate.isValid(signature, for: UnionPaySigning.digest(answer.fields.map { ($0.name, $0.value) }))
    }
}
