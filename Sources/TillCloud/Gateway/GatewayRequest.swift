// Part of Tillbridge. See LICENSE.

/// One HTTP request as the gateway judges it: nothing decoded yet.
package struct GatewayRequest: Sendable {
    package let method: String
    /// The path as it came, without the query.
    package let path: String
    /// Lower-case names; several lines of one name stay several.
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]

    package init(method: String, path: String, headers: [(name: String, value: String)], body: [UInt8]) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
    }

    /// The value of a header that must be there exactly once.
    func single(_ name: String) -> String? {
        var found: String?
        for header in headers where header.name == name {
            if found != nil { return nil }
            found = header.value
        }
        return found
    }
}

/// One HTTP answer, headers beyond `Content-Type` and `Content-Length` included.
package struct GatewayAnswer: Sendable {
    package var status: Int
    package var contentType: String
    package var headers: [(name: String, value: String)] = []
    package var body: [UInt8]

    static func json(_ body: [UInt8], status: Int = 200) -> GatewayAnswer {
        GatewayAnswer(status: status, contentType: "application/json", body: body)
    }

    static func text(_ text: String, type: String = "text/plain; charset=utf-8", status: Int = 200) -> GatewayAnswer {
        GatewayAnswer(status: status, contentType: type, body: Array(text.utf8))
    }
}
