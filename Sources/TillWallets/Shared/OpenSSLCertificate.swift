// Part of Tillbridge. See LICENSE.
import COpenSSL
import CryptoExtras
import TillDomain

/// A certificate, read by OpenSSL, which also reads those in Alipay's file of roots that use SM2.
final class OpenSSLCertificate {
    private let handle: OpaquePointer

    private init(_ handle: OpaquePointer) { self.handle = handle }

    deinit { X509_free(handle) }

    static func all(inPEM text: String) -> [OpenSSLCertificate] {
        defer { ERR_clear_error() }
        let bytes = [UInt8](text.utf8)
        return bytes.withUnsafeBytes { bytes in
            guard let source = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count)) else { return [] }
            defer { BIO_free(source) }
            var certificates: [OpenSSLCertificate] = []
            while certificates.count <= 32, let read = PEM_read_bio_X509(source, nil, nil, nil) {
                certificates.append(OpenSSLCertificate(read))
            }
            return certificates
        }
    }

    var isAuthority: Bool { X509_check_ca(handle) != 0 }

    var isSignedWithRSA: Bool {
        guard let algorithm = X509_get0_tbs_sigalg(handle) else { return false }
        var text = [CChar](repeating: 0, count: 80)
        let size = OBJ_obj2txt(&text, Int32(text.count), algorithm.pointee.algorithm, 1)
        guard size > 0 else { return false }
        return text.prefix(Int(size)).map { UInt8(bitPattern: $0) }.starts(with: "1.2.840.113549.1.1.".utf8)
    }

    /// Printed most specific name first: `CN=…,OU=…,O=…,C=…`. Followed by the serial number in decimal digits.
    var issuerAndSerial: [UInt8]? {
        guard let output = BIO_new(BIO_s_mem()) else { return nil }
        defer { BIO_free(output) }
        guard copenssl_print_issuer(output, handle) >= 0, let number = X509.serial(of: handle, BN_bn2dec) else {
            return nil
        }
        var text = [UInt8](repeating: 0, count: 4_096)
        let size = BIO_read(output, &text, Int32(text.count))
        return size > 0 ? text.prefix(Int(size)) + number : nil
    }

    /// Upper-case hexadecimal, two digits a byte.
    var hexSerial: [UInt8]? { X509.serial(of: handle, BN_bn2hex) }

    /// Nil for another kind of key, and for one of less than 2048 bits.
    var rsaKey: _RSA.Signing.PublicKey? { X509.rsaKey(of: handle) }

    /// Whether the certificate leads to one of the roots. Dates are not looked at.
    func isProven(by roots: [OpenSSLCertificate], with others: [OpenSSLCertificate]) -> Bool {
        defer { ERR_clear_error() }
        guard let store = X509_STORE_new(), let chain = OPENSSL_sk_new_null() else { return false }
        defer {
            X509_STORE_free(store)
            OPENSSL_sk_free(chain)
        }
        for root in roots { X509_STORE_add_cert(store, root.handle) }
        for other in others { OPENSSL_sk_push(chain, UnsafeRawPointer(other.handle)) }
        return X509.isChained(handle, in: store, with: chain, at: nil)
    }
}

/// What every certificate is asked.
enum X509 {
    /// The serial number as `write` writes numbers.
    static func serial(
        of certificate: OpaquePointer,
        _ write: (OpaquePointer?) -> UnsafeMutablePointer<CChar>?
    ) -> [UInt8]? {
        guard let number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nil) else { return nil }
        defer { BN_free(number) }
        guard let text = write(number) else { return nil }
        defer { CRYPTO_free(text, nil, 0) }
        return [UInt8](String(cString: text).utf8)
    }

    /// Nil for another kind of key, and for one of less than 2048 bits.
    static func rsaKey(of certificate: OpaquePointer) -> _RSA.Signing.PublicKey? {
        var der: UnsafeMutablePointer<UInt8>?
        let size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der)
        guard size > 0, let der else { return nil }
        defer { CRYPTO_free(der, nil, 0) }
        return try? _RSA.Signing.PublicKey(
            derRepresentation: [UInt8](UnsafeBufferPointer(start: der, count: Int(size)))
        )
    }

    /// Whether a certificate leads to one in the store that signs itself.
    ///
    /// - Parameters:
    ///   - others: Certificates that may stand between, and are not trusted by themselves.
    ///   - now: Nil leaves the dates out of it.
    static func isChained(
        _ certificate: OpaquePointer,
        in store: OpaquePointer,
        with others: OpaquePointer? = nil,
        at now: Timestamp?
    ) -> Bool {
        defer { ERR_clear_error() }
        guard let context = X509_STORE_CTX_new() else { return false }
        defer { X509_STORE_CTX_free(context) }
        guard X509_STORE_CTX_init(context, store, certificate, others) == 1 else { return false }
        if let now {
            X509_STORE_CTX_set_time(context, 0, time_t(now.milliseconds / 1000))
        } else {
            X509_STORE_CTX_set_flags(context, UInt(X509_V_FLAG_NO_CHECK_TIME))
        }
        return X509_verify_cert(context) == 1
    }
}
