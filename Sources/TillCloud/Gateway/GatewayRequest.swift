// Part of Tillbridge. See LICENSE.
import TillDomain
package import TillProtocol

/// One HTTP request as it arrived: nothing decoded yet.
package struct GatewayRequest: Sendable {
    package let method: String
    /// The path as it came, without the query.
    package let path: String
    package let headers: HTTPHeaders
    package let body: [UInt8]

    package init(method: String, path: String, headers: HTTPHeaders, body: [UInt8]) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
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

extension GatewayAnswer {
    init(_ problem: Problem) {
        self.init(status: problem.status, contentType: "application/problem+json", body: problem.encode())
        if problem.type == .known(.busy) || problem.type == .known(.tooManyRequests) {
            headers.append((name: "Retry-After", value: "1"))
        }
    }

    mutating func add(_ fields: HTTPHeaders) {
        for field in fields.fields {
            headers.append(
                (name: String(decoding: field.name, as: UTF8.self), value: String(decoding: field.value, as: UTF8.self))
            )
        }
    }
}

/// A problem on its way to the answer.
struct ProblemError: Error {
    let problem: Problem

    init(_ type: ProblemType, _ detail: StaticString) { problem = Problem(type, detail: detail) }
    init(_ error: MessageError) { problem = Problem(error) }
    init(_ error: SignatureError) { problem = Problem(error) }
}
