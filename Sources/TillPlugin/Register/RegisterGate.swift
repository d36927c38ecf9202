// Part of Tillbridge. See LICENSE.
import TillDomain
import TillProtocol

/// Lets only the register's own software in: no other process without the token, and no web page, which can neither
/// name this host nor send this content type without being asked first.
struct RegisterGate: Sendable {
    /// Nil where the configuration waives it.
    private let token: [UInt8]?
    private let hosts: [[UInt8]]

    /// - Parameter listen: Address and port that the server listens on.
    init(token: [UInt8]?, address: [UInt8], port: UInt16) {
        self.token = token
        var hosts: [[UInt8]] = []
        for host in [("127.0.0.1" as StaticString).bytes, address] where !hosts.contains(host) {
            hosts += [host, host + [58] + Decimal.text(Int64(port))]
        }
        self.hosts = hosts
    }

    func check(_ request: HTTPRequest) throws(RegisterProblem) {
        guard let host = request.headers.only("host"), hosts.contains(host) else {
            throw RegisterProblem(
                .malformed,
                "The Host header must be 127.0.0.1 with the port.",
                field: ("Host" as StaticString).bytes
            )
        }
        if let token {
            guard let value = request.headers.only("authorization"), value.count > 7,
                ("bearer " as StaticString).matches(value[..<7].map(RegisterGate.lowered)),
                ConstantTime.equal([UInt8](value[7...]), token)
            else {
                throw RegisterProblem(
                    .unauthorized,
                    "Send the header 'Authorization: Bearer' with the content of register.token.",
                    field: ("Authorization" as StaticString).bytes
                )
            }
        }
        guard !("GET" as StaticString).matches(request.method) else { return }
        guard let type = request.headers.only("content-type"), RegisterGate.isJSON(type) else {
            throw RegisterProblem(
                .unsupportedMediaType,
                "The Content-Type must be application/json.",
                field: ("Content-Type" as StaticString).bytes
            )
        }
    }

    private static func isJSON(_ value: [UInt8]) -> Bool {
        let type = value.prefix { $0 != 59 && $0 != 32 }
        return MediaType.json.matches(type.map(lowered))
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte + 32 : byte }
}
