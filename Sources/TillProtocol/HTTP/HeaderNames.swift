// Part of Tillbridge. See LICENSE.

/// Header fields this protocol uses, in lower case.
package enum HeaderName {
    package static let contentType: StaticString = "content-type"
    package static let contentDigest: StaticString = "content-digest"
    package static let cloud: StaticString = "tillbridge-cloud"
    package static let signatureInput: StaticString = "signature-input"
    package static let signature: StaticString = "signature"
    /// On answers that a proxy made itself: ``ProxyVerdict``.
    package static let proxy: StaticString = "tillbridge-proxy"
    /// On the answer to an activation.
    package static let proof: StaticString = "tillbridge-proof"
}

package enum MediaType {
    package static let json: StaticString = "application/json"
    package static let problem: StaticString = "application/problem+json"
}
