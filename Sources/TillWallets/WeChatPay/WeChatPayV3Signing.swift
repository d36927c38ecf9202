// Part of Tillbridge. See LICENSE.
import Crypto
import CryptoExtras
import TillDomain

/// WeChat Pay V3's signature: RSA over the lines of a request, which its `Authorization` header carries, and over three
/// lines of an answer, whose headers carry it.
struct WeChatPayV3Signing: Sendable, CustomStringConvertible, CustomReflectable {
    enum Verdict: Equatable {
        case genuine
        /// No signature at all.
        case unsigned
        /// Wrong on purpose: the wallet looks now and then whether its signatures are checked.
        case probe
        case forged
    }

    private let merchantID: String
    private let serial: String
    private let merchantKey: RSASigner
    /// The wallet's keys, by the names that answers give them: `PUB_KEY_ID_…`, or a platform certificate's serial.
    private let walletKeys: [(id: String, key: _RSA.Signing.PublicKey)]
    /// Asks for answers that are signed with this key. Nil where certificates are used.
    let publicKeyID: String?

    init(
        merchantID: String,
        serial: String,
        merchantKey: RSASigner,
        walletKeys: [(id: String, key: _RSA.Signing.PublicKey)],
        publicKeyID: String?
    ) {
        self.merchantID = merchantID
        self.serial = serial
        self.merchantKey = merchantKey
        self.walletKeys = walletKeys
        self.publicKeyID = publicKeyID
    }

    var description: String { "WeChat Pay V3 keys (masked)" }
    var customMirror: Mirror { Mirror(self, children: []) }

    /// The signed text: each part on a line of its own, the last one, the body, as well, empty or not.
    static func text(_ lines: [UInt8]...) -> [UInt8] { lines.flatMap { $0 + [10] } }

    /// The value of `Authorization`.
    func authorization(
        _ method: String,
        _ target: String,
        at now: Timestamp,
        message: MessageID,
        body: [UInt8]
    ) throws(WalletError) -> String {
        let time = Decimal.text(now.milliseconds / 1000)
        let text = WeChatPayV3Signing.text([UInt8](method.utf8), [UInt8](target.utf8), time, message.bytes, body)
        guard let signature = merchantKey.sign(text) else { throw .signingFailed }
        return "WECHATPAY2-SHA256-RSA2048 mchid=\"\(merchantID)\",nonce_str=\"\(message)\","
            + "timestamp=\"\(String(decoding: time, as: UTF8.self))\",serial_no=\"\(serial)\","
            + "signature=\"\(String(decoding: Base64.encode(signature), as: UTF8.self))\""
    }

    /// - Returns: `forged` also for an answer that is older, or younger, than five minutes: a signature does not cover
    ///   the request, so that its age alone keeps an old answer from being shown again.
    func verdict(_ response: InboundResponse) -> Verdict {
        guard let signature = response.header("Wechatpay-Signature") else { return .unsigned }
        if signature.hasPrefix("WECHATPAY/SIGNTEST/") { return .probe }
        guard let time = response.header("Wechatpay-Timestamp"), let nonce = response.header("Wechatpay-Nonce"),
            let id = response.header("Wechatpay-Serial"), let bytes = Base64.decode(Array(signature.utf8)),
            let seconds = Decimal.parse(Array(time.utf8)), isFresh(seconds, at: response.receivedAt),
            let key = walletKeys.first(where: { $0.id == id })?.key
        else { return .forged }
        let text = WeChatPayV3Signing.text([UInt8](time.utf8), [UInt8](nonce.utf8), response.body)
        let isValid = key.isValidSignature(
            _RSA.Signing.RSASignature(rawRepresentation: bytes),
            for: Crypto.SHA256.hash(data: text),
            padding: .insecurePKCS1v1_5
        )
        return isValid ? .genuine : .forged
    }

    private func isFresh(_ seconds: Int64, at now: Timestamp) -> Bool {
        let age = Timestamp(milliseconds: now.milliseconds / 1000) - Timestamp(milliseconds: seconds)
        return age > -300 && age < 300
    }
}

extension WeChatPayV3Signing {
    static func open(_ settings: WalletSettings, merchantID: String) throws(WalletSettingsError) -> WeChatPayV3Signing {
        let serial = try settings.required("merchantSerial")
        guard DisplayText.token([UInt8](serial.utf8), limit: 64) != nil, !serial.contains("\"") else {
            throw settings.unusable("merchantSerial", "it is the merchant certificate's serial number, 40 digits")
        }
        let text = try settings.required("merchantPrivateKey")
        guard let der = KeyText.der(text), let checked = try? _RSA.Signing.PrivateKey(derRepresentation: der),
            let merchantKey = RSASigner(der)
        else {
            throw settings.unusable("merchantPrivateKey", "give an RSA key of at least 2048 bits in PEM")
        }
        var keys: [(id: String, key: _RSA.Signing.PublicKey)] = []
        let publicKeyID = settings.optional("wechatpayPublicKeyID")
        if let publicKeyID {
            guard DisplayText.token([UInt8](publicKeyID.utf8), limit: 128) != nil else {
                throw settings.unusable("wechatpayPublicKeyID", "it begins with PUB_KEY_ID_")
            }
            guard let der = KeyText.der(try settings.required("wechatpayPublicKey")),
                let key = try? _RSA.Signing.PublicKey(derRepresentation: der)
            else {
                throw settings.unusable("wechatpayPublicKey", "give an RSA key of at least 2048 bits in PEM")
            }
            keys.append((publicKeyID, key))
        }
        if let bundle = settings.optional("platformCertificates") {
            for certificate in OpenSSLCertificate.all(inPEM: bundle) {
                guard let serial = certificate.hexSerial, let key = certificate.rsaKey else {
                    throw settings.unusable("platformCertificates", "give certificates of RSA keys in PEM")
                }
                keys.append((String(decoding: serial, as: UTF8.self), key))
            }
        }
        guard !keys.isEmpty else {
            throw settings.unusable(
                "wechatpayPublicKeyID or platformCertificates",
                "give WeChat Pay's public key with its ID, or its platform certificates in PEM"
            )
        }
        guard !keys.contains(where: { $0.key.derRepresentation == checked.publicKey.derRepresentation }) else {
            throw settings.unusable("wechatpayPublicKey", "it is the merchant's own key, give the one of WeChat Pay")
        }
        return WeChatPayV3Signing(
            merchantID: merchantID,
            serial: serial,
            merchantKey: merchantKey,
            walletKeys: keys,
            publicKeyID: publicKeyID
        )
    }
}
