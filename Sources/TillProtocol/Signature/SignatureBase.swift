// Part of Tillbridge. See LICENSE.
import TillDomain

/// `Content-Digest` (RFC 9530) with SHA-256.
package enum ContentDigest {
    /// `sha-256=:<Base64>:`
    package static func value(of body: [UInt8]) -> [UInt8] {
        ("sha-256=:" as StaticString).bytes + Base64.encode(SHA256.hash(body)) + [58]
    }
}

/// The bytes that are signed: RFC 9421 with one label, fixed components and fixed parameters, so that a receiver
/// compares bytes and never parses structured fields.
package enum SignatureBase {
    private static let requestComponents: StaticString =
        "(\"@method\" \"@path\" \"content-digest\" \"tillbridge-cloud\")"
    private static let answerComponents: StaticString =
        "(\"@status\" \"content-digest\" \"@path\";req \"content-digest\";req)"
    private static let algorithm: StaticString = ";alg=\"ecdsa-p256-sha256\""

    enum Subject { case request, answer }

    /// The signature's parameters: the value of `Signature-Input` after `tb=`.
    ///
    /// - Parameter created: Seconds since 1970 UTC.
    static func parameters(_ subject: Subject, created: Int64, keyID: KeyID) -> [UInt8] {
        var text = subject == .request ? requestComponents.bytes : answerComponents.bytes
        text += (";created=" as StaticString).bytes
        text += Decimal.text(created)
        text += (";keyid=\"" as StaticString).bytes
        text += keyID.bytes
        text.append(34)
        text += algorithm.bytes
        return text
    }

    /// Reads what ``parameters(_:created:keyID:)`` writes, nothing else.
    static func parse(_ subject: Subject, _ text: [UInt8]) -> (created: Int64, keyID: KeyID)? {
        var rest = text[...]
        let components = subject == .request ? requestComponents : answerComponents
        guard take(components, from: &rest), take(";created=", from: &rest) else { return nil }
        let digits = rest.prefix { (48...57).contains($0) }
        guard digits.count <= 12, let created = Decimal.parse(digits) else { return nil }
        rest = rest[digits.endIndex...]
        guard take(";keyid=\"", from: &rest), let quote = rest.firstIndex(of: 34), let keyID = KeyID(rest[..<quote])
        else { return nil }
        rest = rest[(quote + 1)...]
        guard take(algorithm, from: &rest), rest.isEmpty else { return nil }
        return (created, keyID)
    }

    private static func take(_ prefix: StaticString, from rest: inout ArraySlice<UInt8>) -> Bool {
        let count = prefix.utf8CodeUnitCount
        guard rest.count >= count, prefix.matches(rest.prefix(count)) else { return false }
        rest = rest.dropFirst(count)
        return true
    }

    package static func request(
        method: some Collection<UInt8>,
        path: some Collection<UInt8>,
        contentDigest: [UInt8],
        cloud: CloudSelector,
        created: Int64,
        keyID: KeyID
    ) -> [UInt8] {
        var base: [UInt8] = []
        base.reserveCapacity(320)
        base += ("\"@method\": " as StaticString).bytes
        base += method
        base += ("\n\"@path\": " as StaticString).bytes
        base += path
        base += ("\n\"content-digest\": " as StaticString).bytes
        base += contentDigest
        base += ("\n\"tillbridge-cloud\": " as StaticString).bytes
        base += cloud.bytes
        base += ("\n\"@signature-params\": " as StaticString).bytes
        base += parameters(.request, created: created, keyID: keyID)
        return base
    }

    package static func answer(
        status: Int,
        contentDigest: [UInt8],
        requestPath: some Collection<UInt8>,
        requestDigest: [UInt8],
        created: Int64,
        keyID: KeyID
    ) -> [UInt8] {
        var base: [UInt8] = []
        base.reserveCapacity(400)
        base += ("\"@status\": " as StaticString).bytes
        base += Decimal.text(Int64(status))
        base += ("\n\"content-digest\": " as StaticString).bytes
        base += contentDigest
        base += ("\n\"@path\";req: " as StaticString).bytes
        base += requestPath
        base += ("\n\"content-digest\";req: " as StaticString).bytes
        base += requestDigest
        base += ("\n\"@signature-params\": " as StaticString).bytes
        base += parameters(.answer, created: created, keyID: keyID)
        return base
    }
}
