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

    /// The text that is signed: SHA-256, as lower-case hexadecimal digits, over the fields.
    static func digest(_ fields: MessageFields) -> [UInt8] {
        Hex.encode([UInt8](Crypto.SHA256.hash(data: fields.signedText(without: "signature"))))
    }

    func sign(_ fields: MessageFields) throws(WalletError) -> [UInt8] {
        guard let signature = key.sign(UnionPaySigning.digest(fields)) else { throw .signingFailed }
        return Base64.encode(signature)
    }

    /// Whether UnionPay signed the answer, with a certificate that is good at `now`.
    func isValid(_ answer: UnionPayForm, at now: Timestamp) -> Bool {
        guard let signature = answer["signature"].flatMap({ Base64.decode($0) }),
            let text = answer["signPubKeyCert"], let certificate = trust.certificate(text, at: now)
        else { return false }
        return certificate.isValid(signature, for: UnionPaySigning.digest(answer.fields))
    }
}
