// Part of Tillbridge. See LICENSE.
import COpenSSL
import Crypto
import CryptoExtras
import TillDomain

/// One X.509 certificate with an RSA key of at least 2048 bits.
final class UnionPayCertificate: Sendable {
    /// More than any certificate's text. A longer one is not read.
    static let textLimit = 1 << 14

    /// Shared by threads: OpenSSL locks what a look changes in a certificate.
    private nonisolated(unsafe) let certificate: OpaquePointer
    private let key: _RSA.Signing.PublicKey

    /// - Parameter text: One certificate, PEM. Nil for anything else, and for bytes behind it.
    init?(_ text: [UInt8]) {
        defer { ERR_clear_error() }
        guard text.count <= UnionPayCertificate.textLimit,
            let der = KeyText.der(String(decoding: text, as: UTF8.self))
        else { return nil }
        let (read, length) = der.withUnsafeBufferPointer { bytes in
            var position = bytes.baseAddress
            let read = d2i_X509(nil, &position, bytes.count)
            return (read, position.flatMap { end in bytes.baseAddress.map { end - $0 } })
        }
        guard let read else { return nil }
        guard length == der.count, let key = X509.rsaKey(of: read) else {
            X509_free(read)
            return nil
        }
        certificate = read
        self.key = key
    }

    deinit { X509_free(certificate) }

    /// All certificates of a PEM text, whatever stands between them. Nil where there is none, or where one cannot be read.
    static func all(in text: String) -> [UnionPayCertificate]? {
        let (beginning, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----")
        var all: [UnionPayCertificate] = []
        for part in (" " + text).split(separator: beginning).dropFirst() {
            guard let base64 = part.split(separator: end).first,
                let certificate = UnionPayCertificate([UInt8](base64.utf8))
            else { return nil }
            all.append(certificate)
        }
        return all.isEmpty ? nil : all
    }

    /// The third part, between `@`, of the subject's common name. Nil without one, or with several names.
    var owner: [UInt8]? {
        defer { ERR_clear_error() }
        guard let subject = X509_get_subject_name(certificate) else { return nil }
        let place = X509_NAME_get_index_by_NID(subject, NID_commonName, -1)
        guard place >= 0, X509_NAME_get_index_by_NID(subject, NID_commonName, place) < 0,
            let text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, place))
        else { return nil }
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = ASN1_STRING_to_UTF8(&bytes, text)
        guard count >= 0, let bytes else { return nil }
        defer { CRYPTO_free(bytes, nil, 0) }
        let name = [UInt8](UnsafeBufferPointer(start: bytes, count: Int(count)))
        return name.split(separator: 64, omittingEmptySubsequences: false).dropFirst(2).first.map { [UInt8]($0) }
    }

    /// The serial number in decimal digits, which is how UnionPay names a certificate.
    var serialNumber: [UInt8]? { X509.serial(of: certificate, BN_bn2dec) }

    /// Whether the certificate's key made the signature: RSASSA-PKCS1-v1.5 with SHA-256.
    func isValid(_ signature: [UInt8], for text: [UInt8]) -> Bool {
        key.isValidSignature(
            _RSA.Signing.RSASignature(rawRepresentation: signature),
            for: Crypto.SHA256.hash(data: text),
            padding: .insecurePKCS1v1_5
        )
    }

    /// Makes this one of the certificates in which chains are looked for.
    func add(to store: OpaquePointer) -> Bool { X509_STORE_add_cert(store, certificate) == 1 }

    /// Whether the certificate leads to one in the store that signs itself.
    ///
    /// - Parameter now: Nil leaves the dates out of it.
    func isChained(in store: OpaquePointer, at now: Timestamp?) -> Bool {
        X509.isChained(certificate, in: store, at: now)
    }
}
