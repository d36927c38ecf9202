// Part of Tillbridge. See LICENSE.
package import TillDomain

extension SignedRequest {
    /// The signature headers of a request that something else sends, `Content-Digest` and `Tillbridge-Cloud`
    /// included, and what its answer must be bound to. Nil if the signer fails.
    ///
    /// - Parameter created: By cloud time; the signature names whole seconds.
    package static func headers(
        _ endpoint: Endpoint,
        cloud: CloudSelector,
        body: [UInt8],
        created: Timestamp,
        keyID: KeyID,
        signer: some Signer
    ) -> (headers: HTTPHeaders, binding: RequestBinding)? {
        let contentDigest = ContentDigest.value(of: body)
        let path = endpoint.wireBytes
        let seconds = max(0, created.milliseconds / 1000)
        let base = SignatureBase.request(
            method: ("POST" as StaticString).bytes,
            path: path,
            contentDigest: contentDigest,
            cloud: cloud,
            created: seconds,
            keyID: keyID
        )
        guard let signature = signer.sign(base), signature.count == 64 else { return nil }
        var headers = SignedMessage.signatureHeaders(
            .request,
            contentDigest: contentDigest,
            created: seconds,
            keyID: keyID,
            signature: signature
        )
        headers.add(HeaderName.cloud, cloud.bytes)
        return (headers, RequestBinding(path: path, contentDigest: contentDigest))
    }
}
