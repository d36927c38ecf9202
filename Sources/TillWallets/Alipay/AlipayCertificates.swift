// Part of Tillbridge. See LICENSE.
import Crypto
import CryptoExtras
import TillDomain

/// What certificate mode needs of its three files.
///
/// Dates are not looked at: Alipay itself refuses an expired application certificate, and announces which of its own
/// comes next. Both may be given at once, so that the change finds this cloud prepared; a certificate that was not
/// given is not fetched.
///
/// - SeeAlso: Alipay's SDKs for Java (`AntCertificationUtil`) and Node (`antcertutil.ts`).
struct AlipayCertificates {
    struct Entry {
        /// Lower-case hexadecimal MD5 of the issuer's name and the decimal serial number.
        let serial: [UInt8]
        let key: _RSA.Signing.PublicKey
    }

    let application: Entry
    /// Each is proven by the root certificates.
    let alipay: [Entry]
    /// Of the roots that are signed with RSA, joined with `_`.
    let rootSerials: [UInt8]

    init(_ settings: WalletSettings) throws(WalletSettingsError) {
        func all(_ name: String) throws(WalletSettingsError) -> [OpenSSLCertificate] {
            let certificates = OpenSSLCertificate.all(inPEM: try settings.required(name))
            guard !certificates.isEmpty, certificates.count <= 32 else {
                throw settings.unusable(name, "give 1 to 32 certificates in PEM")
            }
            return certificates
        }
        let roots = try all("rootCertificate")
        let others = try all("alipayCertificate")
        let signed = others.filter { !$0.isAuthority }
        guard let own = try all("appCertificate").first(where: { !$0.isAuthority }), let application = own.entry else {
            throw settings.unusable("appCertificate", "it holds no certificate of an RSA key of at least 2048 bits")
        }
        alipay = signed.filter { $0.isProven(by: roots, with: others) }.compactMap(\.entry)
        guard !signed.isEmpty, alipay.count == signed.count else {
            throw settings.unusable(
                "alipayCertificate",
                "it does not lead to a certificate in rootCertificate: give it with those between"
            )
        }
        self.application = application
        let serials = roots.filter(\.isSignedWithRSA).compactMap(\.serial)
        guard !serials.isEmpty else {
            throw settings.unusable("rootCertificate", "it holds no certificate that is signed with RSA")
        }
        rootSerials = [UInt8](serials.joined(separator: [95]))
    }
}

extension OpenSSLCertificate {
    fileprivate var serial: [UInt8]? {
        issuerAndSerial.map { Hex.encode([UInt8](Insecure.MD5.hash(data: $0))) }
    }

    fileprivate var entry: AlipayCertificates.Entry? {
        guard let serial, let key = rsaKey else { return nil }
        return AlipayCertificates.Entry(serial: serial, key: key)
    }
}
