// Part of Tillbridge. See LICENSE.

/// Why a signed message is refused, in the order of the checks.
package enum SignatureError: Error, Equatable, Sendable {
    case tooLarge
    /// A header is missing, occurs twice or is not in the one form; its name.
    case header(Header)
    /// The body is not the one that was digested.
    case digest
    case unknownKey
    case revokedKey
    /// This key may not sign for this path.
    case notAllowed
    case signature
    /// Signed more than 300 s before or after the receiver's time.
    case stale

    package enum Header: Equatable, Sendable { case contentDigest, cloud, signatureInput, signature }

    package var problem: ProblemType {
        switch self {
        case .tooLarge: .tooLarge
        case .header, .digest, .signature: .badSignature
        case .unknownKey: .unknownKey
        case .revokedKey: .revokedKey
        case .notAllowed: .notYours
        case .stale: .stale
        }
    }

    package var detail: StaticString {
        switch self {
        case .tooLarge: "The body is too large."
        case .header(.contentDigest): "Content-Digest must occur once, as sha-256=:BASE64:."
        case .header(.cloud): "Tillbridge-Cloud must occur once, as A, B or any."
        case .header(.signatureInput): "Signature-Input must occur once, in the form of the signature profile."
        case .header(.signature): "Signature must occur once, as tb=:BASE64: of 64 bytes."
        case .digest: "The body does not match its Content-Digest."
        case .unknownKey: "This key is not known here."
        case .revokedKey: "This key has been revoked."
        case .notAllowed: "This key may not sign this call."
        case .signature: "The signature does not match."
        case .stale: "The signature was made more than 300 seconds away from this cloud's time."
        }
    }
}
