// Part of Tillbridge. See LICENSE.
import TillDomain

/// From an account's settings to an adapter, or to one sentence that says why not.
extension UnionPayClient {
    static func open(_ settings: WalletSettings) throws(WalletSettingsError) -> WalletRegistry.OpenedAdapter {
        let merchantID = try settings.required("merID")
        guard merchantID.utf8.count == 15, DisplayText.token([UInt8](merchantID.utf8), limit: 15) != nil else {
            throw settings.unusable("merID", "it is the merchant number, 15 letters and digits")
        }
        // What UnionPay's own samples send where nobody listens.
        let notices = settings.optional("notifyURL") ?? "http://www.specialUrl.com"
        guard let notices = DisplayText.token([UInt8](notices.utf8), limit: 256) else {
            throw settings.unusable("notifyURL", "it is the address to which notices go, at most 256 characters")
        }
        let adapter = UnionPayClient(
            codec: UnionPayCodec(merchantID: [UInt8](merchantID.utf8), notices: notices),
            signing: try signing(settings, trust: trust(settings, merchantID: merchantID)),
            fileHost: try fileHost(settings)
        )
        return WalletRegistry.OpenedAdapter(adapter: adapter)
    }

    /// UnionPay's own gateways keep the files at hosts of their own.
    private static func fileHost(_ settings: WalletSettings) throws(WalletSettingsError) -> String? {
        if let host = settings.optional("fileBaseURL") { return try WalletSettings.checked(host, of: settings.wallet) }
        return switch settings.baseURL {
        case "https://gateway.95516.com": "https://filedownload.95516.com"
        case "https://gateway.test.95516.com": "https://filedownload.test.95516.com"
        default: nil
        }
    }

    private static func signing(
        _ settings: WalletSettings,
        trust: UnionPayTrust
    ) throws(WalletSettingsError) -> UnionPaySigning {
        let text = try settings.required("signCertificate")
        guard let certificate = UnionPayCertificate([UInt8](text.utf8)), let serial = certificate.serialNumber else {
            throw settings.unusable("signCertificate", "give the merchant's certificate with an RSA key, in PEM")
        }
        if let given = settings.optional("certID"), [UInt8](given.utf8) != serial {
            throw settings.unusable(
                "certID",
                "it is not the serial number of signCertificate in decimal digits, leave it out or take the right one"
            )
        }
        guard let key = KeyText.der(try settings.required("signPrivateKey")).flatMap({ RSASigner($0) }) else {
            throw settings.unusable("signPrivateKey", "give the RSA key of signCertificate in PEM, not encrypted")
        }
        let probe = serial
        guard let signature = key.sign(probe), certificate.isValid(signature, for: probe) else {
            throw settings.unusable("signPrivateKey", "it is not the key of signCertificate")
        }
        return UnionPaySigning(certificateID: serial, key: key, trust: trust)
    }

    /// Several certificates may be pinned, one behind the other, so that a renewal needs no change on the day.
    private static func trust(
        _ settings: WalletSettings,
        merchantID: String
    ) throws(WalletSettingsError) -> UnionPayTrust {
        func certificates(_ name: String) throws(WalletSettingsError) -> [UnionPayCertificate] {
            guard let all = UnionPayCertificate.all(in: try settings.required(name)) else {
                throw settings.unusable(name, "give UnionPay's certificate, or several, in PEM")
            }
            return all
        }
        let roots = try certificates("rootCertificate")
        let middles = try certificates("middleCertificate")
        // UnionPay's test merchants have one beginning, and their answers another signer.
        let signer =
            settings.optional("signerName")
            ?? (merchantID.hasPrefix("777290") ? UnionPayTrust.test : UnionPayTrust.production)
        guard let trust = UnionPayTrust(pinned: roots + middles, signer: [UInt8](signer.utf8)) else {
            throw settings.unusable("rootCertificate", "OpenSSL does not take it")
        }
        guard roots.allSatisfy({ trust.isChained($0, at: nil) }) else {
            throw settings.unusable("rootCertificate", "it does not sign itself, which a root does")
        }
        guard middles.allSatisfy({ trust.isChained($0, at: nil) }) else {
            throw settings.unusable("middleCertificate", "it does not come from rootCertificate")
        }
        return trust
    }
}
