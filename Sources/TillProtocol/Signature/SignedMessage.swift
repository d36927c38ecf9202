// Part of Tillbridge. See LICENSE.
import TillDomain

/// The headers and checks that requests and answers share.
enum SignedMessage {
    /// `created` may differ by this from the receiver's time, in milliseconds.
    static let window: Int64 = 300_000

    struct Parts {
        let contentDigest: [UInt8]
        let created: Int64
        let keyID: KeyID
        let signature: [UInt8]
    }

    /// Headers present once and in the fixed form, then the digest of the body.
    static func read(
        _ subject: SignatureBase.Subject,
        headers: HTTPHeaders,
        body: [UInt8]
    ) throws(SignatureError) -> Parts {
        guard let contentDigest = headers.only(HeaderName.contentDigest) else { throw .header(.contentDigest) }
        let (created, keyID) = try input(subject, headers.only(HeaderName.signatureInput))
        let signature = try signature(headers.only(HeaderName.signature))
        // One digest has one spelling, so comparing the header's bytes checks its form as well.
        guard contentDigest == ContentDigest.value(of: body) else { throw .digest }
        return Parts(contentDigest: contentDigest, created: created, keyID: keyID, signature: signature)
    }

    private static func input(
        _ subject: SignatureBase.Subject,
        _ value: [UInt8]?
    ) throws(SignatureError) -> (Int64, KeyID) {
        guard let value, value.count >= 3, ("tb=" as StaticString).matches(value[0..<3]),
            let parsed = SignatureBase.parse(subject, [UInt8](value[3...]))
        else { throw .header(.signatureInput) }
        return (parsed.created, parsed.keyID)
    }

    /// `tb=:<88 characters>:`
    private static func signature(_ value: [UInt8]?) throws(SignatureError) -> [UInt8] {
        guard let value, value.count == 93, ("tb=:" as StaticString).matches(value[0..<4]), value[92] == 58,
            let signature = Base64.decode(value[4..<92]), signature.count == 64
        else { throw .header(.signature) }
        return signature
    }

    /// Key, signature, time.
    static func check(
        _ parts: Parts,
        base: [UInt8],
        key: KeyStatus,
        verifier: some SignatureVerifier,
        at now: Timestamp
    ) throws(SignatureError) {
        switch key {
        case .unknown: throw .unknownKey
        case .revoked: throw .revokedKey
        case .valid(let publicKey):
            guard verifier.verify(signature: parts.signature, of: base, publicKey: publicKey) else {
                throw .signature
            }
        }
        // At most 12 digits of seconds: the product fits.
        let distance = now - Timestamp(milliseconds: parts.created * 1000)
        guard distance >= -window, distance <= window else { throw .stale }
    }

    static func signatureHeaders(
        _ subject: SignatureBase.Subject,
        contentDigest: [UInt8],
        created: Int64,
        keyID: KeyID,
        signature: [UInt8]
    ) -> HTTPHeaders {
        var headers = HTTPHeaders()
        headers.add(HeaderName.contentDigest, contentDigest)
        headers.add(
            HeaderName.signatureInput,
            ("tb=" as StaticString).bytes + SignatureBase.parameters(subject, created: created, keyID: keyID)
        )
        headers.add(HeaderName.signature, ("tb=:" as StaticString).bytes + Base64.encode(signature) + [58])
        return headers
    }
}

/// What an answer must be bound to: kept by the sender of a request until its answer arrives.
package struct RequestBinding: Equatable, Sendable {
    package let path: [UInt8]
    /// The value of the request's `Content-Digest`.
    package let contentDigest: [UInt8]

    package init(path: [UInt8], contentDigest: [UInt8]) {
        self.path = path
        self.contentDigest = contentDigest
    }
}
