// Part of Tillbridge. See LICENSE.
import TillDomain

extension AlipaySigning {
    /// Certificate mode where the settings have certificates, key mode otherwise: an application uses one of them.
    static func open(_ settings: WalletSettings) throws(WalletSettingsError) -> AlipaySigning {
        let merchantKeyName =
            ["merchantPrivateKeyPKCS8", "merchantPrivateKeyPKCS1"].first { settings.optional($0) != nil }
            ?? "merchantPrivateKeyPKCS8"
        let merchantKey = try settings.required(merchantKeyName)
        let certificateNames = ["appCertificate", "alipayCertificate", "rootCertificate"]
        let signing: AlipaySigning?
        var certificates: AlipayCertificates?
        let otherName: String
        if certificateNames.contains(where: { settings.optional($0) != nil }) {
            let read = try AlipayCertificates(settings)
            signing = AlipaySigning(merchantKey: merchantKey, certificates: read)
            certificates = read
            otherName = ""
        } else {
            signing = AlipaySigning(merchantKey: merchantKey, alipayKey: try settings.required("alipayPublicKey"))
            otherName = " or alipayPublicKey"
        }
        guard let signing else {
            throw settings.unusable(
                merchantKeyName + otherName,
                "give RSA keys of at least 2048 bits in PEM, the private one as PKCS#1 or PKCS#8"
            )
        }
        if let certificates {
            guard signing.belongs(to: certificates.application.key) else {
                throw settings.unusable("appCertificate", "it is not the certificate of \(merchantKeyName)")
            }
            guard !signing.verifiesWithOwnKey else {
                throw settings.unusable("alipayCertificate", "it is the application's own certificate")
            }
        } else if signing.verifiesWithOwnKey {
            throw settings.unusable(
                "alipayPublicKey",
                "it is the application's own public key, copy the one that Alipay shows as its own"
            )
        }
        return signing
    }
}
