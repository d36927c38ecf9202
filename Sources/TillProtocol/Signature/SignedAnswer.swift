// Part of Tillbridge. See LICENSE.
package import TillDomain

/// A signed answer as it arrived: its form and its digest are in order, its signature is not checked yet.
///
/// An answer that fails any check is no answer: it never changes what its receiver believes about money.
package struct SignedAnswer: Sendable {
    private let parts: SignedMessage.Parts
    private let base: [UInt8]
    /// The cloud that signed.
    package let cloud: CloudName

    package var keyID: KeyID { parts.keyID }

    /// - Parameter binding: Of the request that this must be the answer to.
    package init(
        status: Int,
        headers: HTTPHeaders,
        body: [UInt8],
        binding: RequestBinding,
        bodyLimit: Int = HTTPLimits.wire.body
    ) throws(SignatureError) {
        guard body.count <= bodyLimit else { throw .tooLarge }
        let parts = try SignedMessage.read(.answer, headers: headers, body: body)
        guard case .cloud(let cloud, _) = parts.keyID else { throw .notAllowed }
        self.cloud = cloud
        self.parts = parts
        base = SignatureBase.answer(
            status: status,
            contentDigest: parts.contentDigest,
            requestPath: binding.path,
            requestDigest: binding.contentDigest,
            created: parts.created,
            keyID: parts.keyID
        )
    }

    /// The checks that need the key.
    package func check(
        _ key: KeyStatus,
        verifier: some SignatureVerifier,
        at now: Timestamp
    ) throws(SignatureError) {
        try SignedMessage.check(parts, base: base, key: key, verifier: verifier, at: now)
    }

    /// The signature headers for an answer, `Content-Digest` included. Nil if the signer fails.
    ///
    /// - Parameter binding: Of the request that is answered.
    package static func headers(
        status: Int,
        body: [UInt8],
        binding: RequestBinding,
        created: Timestamp,
        keyID: KeyID,
        signer: some Signer
    ) -> HTTPHeaders? {
        let contentDigest = ContentDigest.value(of: body)
        let seconds = max(0, created.milliseconds / 1000)
        let base = SignatureBase.answer(
            status: status,
            contentDigest: contentDigest,
            requestPath: binding.path,
            requestDigest: binding.contentDigest,
            created: seconds,
            keyID: keyID
        )
        guard let signature = signer.sign(base), signature.count == 64 else { return nil }
        return SignedMessage.signatureHeaders(
            .answer,
            contentDigest: contentDigest,
            created: seconds,
            keyID: keyID,
            signature: signature
        )
    }
}
