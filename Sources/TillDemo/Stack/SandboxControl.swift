// Part of Tillbridge. See LICENSE.
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// The sandbox's control interface: codes, shoppers, faults, the wallet's truth.
struct SandboxControl: Sendable {
    enum Wallet: String, Codable, Sendable { case alipay, wechatpay, qqwallet, unionpay }

    struct Code: Decodable, Sendable {
        struct Trade: Decodable, Sendable {
            var merchantOrderNumber: String
            var state: String
        }

        var code: String
        var trade: Trade?
    }

    struct Fault: Codable, Sendable {
        var wallet: Wallet
        var operation: String
        var fault: String
        var count: Int?
        var seconds: Double?
        var hits: Int?
        /// The one payment code whose pay call it strikes.
        var code: String?
    }

    private struct Order: Encodable {
        var wallet: Wallet
        var behaviour: String
    }

    let address: String
    let http: HTTPClient

    /// A fresh payment code. `behaviour` says what the shopper behind it does.
    func issueCode(_ wallet: Wallet, _ behaviour: String = "pays") async throws -> String {
        let code: Code = try await call(.POST, "codes", Order(wallet: wallet, behaviour: behaviour))
        return code.code
    }

    func code(_ code: String) async throws -> Code { try await call(.GET, "codes/\(code)") }

    func reject(_ code: String) async throws { try await order(.POST, "codes/\(code)/reject") }

    /// Replaces all faults.
    func setFaults(_ faults: [Fault]) async throws {
        let _: [Fault] = try await call(.PUT, "faults", faults)
    }

    /// Adds a fault to those that are there.
    func addFault(_ fault: Fault) async throws {
        let _: [Fault] = try await call(.POST, "faults", fault)
    }

    func faults() async throws -> [Fault] { try await call(.GET, "faults") }

    func trades(number: String) async throws -> [WalletTrade] {
        try await call(.GET, "trades?merchantOrderNumber=\(number)")
    }

    func allTrades() async throws -> [WalletTrade] {
        var trades: [WalletTrade] = []
        while true {
            let page: [WalletTrade] = try await call(.GET, "trades?limit=1000&offset=\(trades.count)")
            trades += page
            if page.count < 1000 { return trades }
        }
    }

    func totals() async throws -> WalletTotals { try await call(.GET, "ledger") }

    // MARK: - HTTP

    private func call<Answer: Decodable>(
        _ method: HTTPMethod,
        _ path: String,
        _ body: (any Encodable & Sendable)? = nil
    ) async throws -> Answer {
        let content = try await send(method, path, try body.map { try JSONEncoder().encode($0) })
        do {
            return try JSONDecoder().decode(Answer.self, from: content)
        } catch {
            throw DemoFailure("The sandbox's answer to \(path) is not readable: \(error).")
        }
    }

    private func order(_ method: HTTPMethod, _ path: String) async throws {
        _ = try await send(method, path, Data("{}".utf8))
    }

    private func send(_ method: HTTPMethod, _ path: String, _ body: Data?) async throws -> Data {
        var request = HTTPClientRequest(url: "\(address)/sandbox/v1/\(path)")
        request.method = method
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let response = try await http.execute(request, timeout: .seconds(10))
        let content = try await response.body.collect(upTo: 16 << 20)
        guard (200..<300).contains(response.status.code) else {
            throw DemoFailure(
                "The sandbox refused \(method) \(path) with \(response.status.code): \(String(buffer: content))"
            )
        }
        return Data(content.readableBytesView)
    }
}
