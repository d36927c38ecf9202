// Part of Tillbridge. See LICENSE.
package import AsyncHTTPClient
package import Foundation
import NIOCore
import NIOHTTP1

/// How a call to the plug-in ended.
package enum PluginReply<Answer: Sendable>: Sendable {
    case answer(Answer)
    /// The plug-in refused the call; nothing happened.
    case refused(Problem)
    /// No readable answer. It says nothing about money.
    case silence(String)
}

/// The plug-in's native interface: HTTP/1.1 and JSON on loopback, with the register's bearer token.
package struct PluginClient: Sendable {
    /// Longer than the plug-in's own bound of 60 s, so that the plug-in always decides first.
    package static let paymentSeconds: Int64 = 70
    private static let callSeconds: Int64 = 10

    package let address: String
    private let token: String
    private let http: HTTPClient

    package init(address: String, token: String, http: HTTPClient) {
        self.address = address
        self.token = token
        self.http = http
    }

    package func pay(_ request: PaymentRequest) async -> PluginReply<SaleAnswer> {
        guard let body = try? JSONEncoder().encode(request) else { return .silence("the sale is not expressible") }
        return await post("/v1/payments", body: body, seconds: PluginClient.paymentSeconds)
    }

    /// Nil asks for the last sale.
    package func status(of sale: String?) async -> PluginReply<SaleAnswer> {
        await call(.GET, "/v1/payments/\(sale.map(PluginClient.escape) ?? "last")", body: nil)
    }

    package func acknowledge(_ sale: String) async -> PluginReply<SaleAnswer> { await order("acknowledge", sale) }
    package func disown(_ sale: String) async -> PluginReply<SaleAnswer> { await order("disown", sale) }
    package func cancel(_ sale: String) async -> PluginReply<SaleAnswer> { await order("cancel", sale) }

    package func release(supervisorCode: String, reason: String) async -> PluginReply<ReleaseAnswer> {
        let order = ["supervisorCode": supervisorCode, "reason": reason]
        guard let body = try? JSONEncoder().encode(order) else { return .silence("the reason is not expressible") }
        return await post("/v1/lane/release", body: body)
    }

    package func laneStatus() async -> PluginReply<LaneStatus> { await call(.GET, "/v1/status", body: nil) }

    /// Any body to any path: what a register that gets things wrong would send.
    package func post<Answer: Decodable & Sendable>(
        _ path: String,
        body: Data,
        seconds: Int64 = callSeconds
    ) async -> PluginReply<Answer> {
        await call(.POST, path, body: body, seconds: seconds)
    }

    /// Any path: what the plug-in says beyond what a till needs.
    package func get<Answer: Decodable & Sendable>(_ path: String, as type: Answer.Type) async -> PluginReply<Answer> {
        await call(.GET, path, body: nil)
    }

    private func order(_ verb: String, _ sale: String) async -> PluginReply<SaleAnswer> {
        await post("/v1/payments/\(PluginClient.escape(sale))/\(verb)", body: Data("{}".utf8))
    }

    private func call<Answer: Decodable & Sendable>(
        _ method: HTTPMethod,
        _ path: String,
        body: Data?,
        seconds: Int64 = callSeconds
    ) async -> PluginReply<Answer> {
        var request = HTTPClientRequest(url: address + path)
        request.method = method
        request.headers.add(name: "Authorization", value: "Bearer \(token)")
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let status: Int
        let content: Data
        do {
            let response = try await http.execute(request, timeout: .seconds(seconds))
            status = Int(response.status.code)
            content = Data(buffer: try await response.body.collect(upTo: 1 << 16))
        } catch is CancellationError {
            return .silence("given up")
        } catch {
            return .silence("the plug-in at \(address) does not answer")
        }
        switch status {
        case 200..<300:
            guard let answer = try? JSONDecoder().decode(Answer.self, from: content) else {
                return .silence("the plug-in's answer is not readable")
            }
            return .answer(answer)
        case 400..<500:
            var problem =
                (try? JSONDecoder().decode(Problem.self, from: content)) ?? Problem(title: "Refused", status: status)
            problem.status = status
            return .refused(problem)
        default:
            return .silence("the plug-in answered with status \(status)")
        }
    }

    private static func escape(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(CharacterSet(charactersIn: "._:-")))
            ?? ""
    }
}

extension Data {
    fileprivate init(buffer: ByteBuffer) { self.init(buffer.readableBytesView) }
}

/// What comes back from a release: the sale that held the lane, or the lane's status where none did.
package struct ReleaseAnswer: Codable, Equatable, Sendable {
    package var outcome: String?
    package var saleRef: String?
    package var lane: String?
}
