// Part of Tillbridge. See LICENSE.
import COpenSSL
import TillDomain

/// One X.509 certificate with an RSA key of at least 2048 bits.
final class UnionPayCertificate: Sendable {
    /// More than any certificate's text. A longer one is not read.
    static let textLimit = 1 << 14

    /// Shared by threads: OpenSSL locks what a look changes in a certificate.
    private nonisolated(unsafe) let certificate: OpaquePointer
    private nonisolated(unsafe) let key: OpaquePointer

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
        guard length == der.count, let key = X509_get0_pubkey(read), EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA,
            EVP_PKEY_get_bits(key) >= 2048
        else {
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
    var serialNumber: [UInt8]? {
        guard let number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nil) else { return nil }
        defer { BN_free(number) }
        guard let text = BN_bn2dec(number) else { return nil }
        defer { CRYPTO_free(text, nil, 0) }
        return [UInt8](String(cString: text).utf8)
    }

    /// Whether the certificate's key made the signature: RSASSA-PKCS1-v1.5 with SHA-256.
    func isValid(_ signature: [UInt8], for text: [UInt8]) -> Bool {
        guard let context = EVP_MD_CTX_new() else { return false }
        defer {
            EVP_MD_CTX_free(context)
            ERR_clear_error()
        }
        return EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, key) == 1
            && EVP_DigestVerify(context, signature, signature.count, text, text.count) == 1
    }

    /// Makes this one of the certificates in which chains are looked for.
    func add(to store: OpaquePointer) -> Bool { X509_STORE_add_cert(store, certificate) == 1 }

    /// Begins to look for the chain of this certificate.
    func begin(_ context: OpaquePointer, with store: OpaquePointer) -> Bool {
        X509_STORE_CTX_init(context, store, certificate, nil) == 1
    }
}
