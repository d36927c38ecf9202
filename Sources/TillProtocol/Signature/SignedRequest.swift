// Part of Tillbridge. See LICENSE.
package import TillDomain

/// A signed request as it arrived: its form and its digest are in order, its signature is not checked yet.
///
/// The receiver reads it, looks ``keyID`` up, calls ``check(_:verifier:at:)``, and only then looks at the JSON.
package struct SignedRequest: Sendable {
    package let endpoint: Endpoint
    package let cloud: CloudSelector
    package let binding: RequestBinding
    private let parts: SignedMessage.Parts
    private let base: [UInt8]

    package var keyID: KeyID { parts.keyID }
    /// Seconds since 1970 UTC, as the sender's clock had it.
    package var created: Int64 { parts.created }

    /// - Parameter bodyLimit: Bytes; what is larger is refused before anything is computed over it.
    package init(
        method: [UInt8],
        path: [UInt8],
        headers: HTTPHeaders,
        body: [UInt8],
        bodyLimit: Int = HTTPLimits.wire.body
    ) throws(SignatureError) {
        guard body.count <= bodyLimit else { throw .tooLarge }
        guard let value = headers.only(HeaderName.cloud), let cloud = CloudSelector(value) else {
            throw .header(.cloud)
        }
        let parts = try SignedMessage.read(.request, headers: headers, body: body)
        guard let endpoint = Endpoint(path: path), ("POST" as StaticString).matches(method),
            endpoint.accepts(parts.keyID)
        else { throw .notAllowed }
        self.endpoint = endpoint
        self.cloud = cloud
        self.parts = parts
        binding = RequestBinding(path: path, contentDigest: parts.contentDigest)
        base = SignatureBase.request(
            method: method,
            path: path,
            contentDigest: parts.contentDigest,
            cloud: cloud,
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

    /// Whether the signing register may speak about a payment: its own ones alone.
    package func mayConcern(_ number: OrderNumber) -> Bool {
        guard case .register(let register, _) = keyID else { return false }
        return number.register == register
    }
}

/// A request that is ready to be sent.
package struct OutgoingRequest: Equatable, Sendable {
    /// The whole HTTP message.
    package let bytes: [UInt8]
    package let binding: RequestBinding

    /// Nil if the signer fails.
    ///
    /// - Parameters:
    ///   - host: The value of the `Host` header.
    ///   - created: By cloud time; the signature names whole seconds.
    package init?(
        _ endpoint: Endpoint,
        host: [UInt8],
        cloud: CloudSelector,
        body: [UInt8],
        created: Timestamp,
        keyID: KeyID,
        signer: some Signer
    ) {
        guard
            let signed = SignedRequest.headers(
                endpoint,
                cloud: cloud,
                body: body,
                created: created,
                keyID: keyID,
                signer: signer
            )
        else { return nil }
        var headers = signed.headers
        headers.add(HeaderName.contentType, MediaType.json)
        binding = signed.binding
        bytes = HTTPSerializer.request(method: "POST", target: binding.path, host: host, headers: headers, body: body)
    }
}
