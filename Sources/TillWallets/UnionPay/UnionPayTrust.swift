// Part of Tillbridge. See LICENSE.
import COpenSSL
import Glibc
import Synchronization
import TillDomain

/// Which certificates may sign an answer: those that chain through the pinned certificates to a pinned root, at the
/// moment in question, and whose subject is UnionPay. The authority certifies its customers too, so that the name counts
/// as much as the chain.
///
/// Dates are judged at the moment at which the answer arrived, by the cloud's clock. Not at the order's: a certificate
/// that was renewed since then signs the answers about old orders.
final class UnionPayTrust: Sendable {
    /// The third part of the common name in production and for the test merchants.
    static let production = "中国银联股份有限公司"
    static let test = "00040000:SIGN"

    private struct Known {
        let text: [UInt8]
        let certificate: UnionPayCertificate
        let checkedAt: Timestamp

        /// Every answer brings more than a thousand bytes of it, which an array's `==` compares one by one.
        func isOf(_ other: [UInt8]) -> Bool { text.count == other.count && memcmp(text, other, text.count) == 0 }
    }

    /// UnionPay signs with one certificate, and with two around a renewal.
    static let cacheLimit = 4
    /// For how long, in milliseconds, a certificate that was believed is believed again without another look.
    static let cacheSpan: Int64 = 60_000

    /// Shared by threads: it is complete when it is made, and OpenSSL locks what a look-up changes.
    private nonisolated(unsafe) let store: OpaquePointer
    private let signer: [UInt8]
    private let known = Mutex<[Known]>([])

    /// - Parameters:
    ///   - pinned: Root and middle certificates. A chain ends in one of them that signs itself.
    ///   - signer: The third part, between `@`, of the signing certificate's common name.
    init?(pinned: [UnionPayCertificate], signer: [UInt8]) {
        guard let store = X509_STORE_new() else { return nil }
        self.store = store
        self.signer = signer
        for certificate in pinned {
            guard certificate.add(to: store) else { return nil }
        }
    }

    deinit { X509_STORE_free(store) }

    /// The certificate, where it may sign at `now`. Nil for every other text.
    func certificate(_ text: [UInt8], at now: Timestamp) -> UnionPayCertificate? {
        let cached = known.withLock { known in
            known.first { (0..<UnionPayTrust.cacheSpan).contains(now - $0.checkedAt) && $0.isOf(text) }
        }
        if let cached { return cached.certificate }
        guard let certificate = UnionPayCertificate(text), certificate.owner == signer,
            isChained(certificate, at: now)
        else { return nil }
        known.withLock { known in
            known.removeAll { $0.text == text }
            if known.count >= UnionPayTrust.cacheLimit { known.removeFirst() }
            known.append(Known(text: text, certificate: certificate, checkedAt: now))
        }
        return certificate
    }

    /// Whether the certificate chains to a pinned root.
    ///
    /// - Parameter now: Nil leaves the dates out of it.
    func isChained(_ certificate: UnionPayCertificate, at now: Timestamp?) -> Bool {
        certificate.isChained(in: store, at: now)
    }
}
