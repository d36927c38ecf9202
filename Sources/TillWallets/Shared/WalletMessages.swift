// Part of Tillbridge. See LICENSE.
package import TillDomain

/// One HTTP request to a wallet, ready to be written.
///
/// It carries the payment code and signatures, so that neither its description nor its mirror shows any of it.
package struct OutboundRequest: Equatable, Sendable, CustomStringConvertible, CustomReflectable {
    package struct Header: Equatable, Sendable {
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package let method: String
    /// Path and query, percent-encoded, beginning with `/`; it follows the base URL of the account.
    package let target: String
    package let headers: [Header]
    package let body: [UInt8]
    /// True for the calls at which the wallet asks for the merchant's certificate.
    package let needsClientCertificate: Bool
    /// Milliseconds for the connection.
    package let connectTimeout: Int64
    /// Milliseconds from the first byte written to the last byte read. The caller may allow less, never more.
    package let readTimeout: Int64

    package init(
        method: String = "POST",
        target: String,
        headers: [Header],
        body: [UInt8],
        needsClientCertificate: Bool = false,
        connectTimeout: Int64,
        readTimeout: Int64
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.needsClientCertificate = needsClientCertificate
        self.connectTimeout = connectTimeout
        self.readTimeout = readTimeout
    }

    /// The path alone.
    package var path: String { String(target.prefix { $0 != "?" }) }
    package var description: String { "\(method) \(path) (\(body.count) bytes, masked)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// A wallet's HTTP response, exactly as it arrived, after transfer coding and compression are undone.
///
/// It may name the shopper, so that neither its description nor its mirror shows the body.
package struct InboundResponse: Equatable, Sendable, CustomStringConvertible, CustomReflectable {
    package let status: Int
    /// Those of ``headerNames`` that the answer has, under these names. The others are nobody's business.
    package let headers: [OutboundRequest.Header]
    package let body: [UInt8]
    /// By the cloud's clock. Unknown, which is 1970, is too long ago for every answer that has a date.
    package var receivedAt: Timestamp

    /// What a wallet signs outside its body: WeChat Pay V3.
    package static let headerNames = [
        "Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Serial",
    ]

    package init(
        status: Int,
        headers: [OutboundRequest.Header] = [],
        body: [UInt8],
        receivedAt: Timestamp = .unknown
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.receivedAt = receivedAt
    }

    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    package var description: String { "HTTP \(status) (\(body.count) bytes, masked)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
