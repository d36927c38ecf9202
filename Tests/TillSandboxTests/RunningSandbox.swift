// Part of Tillbridge. See LICENSE.
import AsyncHTTPClient
import CryptoExtras
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Testing
import TillSandbox

/// A sandbox on a free port of this machine, and a merchant who talks to it over HTTP.
struct RunningSandbox: Sendable {
    let addresses: SandboxService.Addresses
    let keys: KeyExport
    let folder: String
    private let client: HTTPClient

    private static let sharedKeys = Result { try SandboxKeys.make() }

    struct Reply: Sendable {
        let status: Int
        let contentType: String
        let headers: HTTPHeaders
        let body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
        var json: JSONValue? { JSONValue(body) }
    }

    /// Runs a sandbox around `body` and ends it gracefully.
    static func with(
        data: String? = nil,
        speed: Double = 1,
        _ body: @Sendable @escaping (RunningSandbox) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        var settings = SandboxConfiguration()
        settings.port = 0
        settings.data = data ?? folder.path + "/data"
        settings.export = folder.path + "/keys"
        settings.speed = speed
        settings.seed = 7
        let books = settings.data ?? ""
        // One set of keys for all tests: drawing RSA keys takes longer than most of them.
        if !FileManager.default.fileExists(atPath: books + "/keys.json") {
            try sharedKeys.get().write(to: books)
        }
        let (ready, continuation) = AsyncStream.makeStream(of: SandboxService.Addresses.self)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let service = try SandboxService(settings, logger: logger) { continuation.yield($0) }
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
                logger: logger
            )
        )
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { continuation.finish() }
                try await group.run()
            }
            tasks.addTask {
                for await addresses in ready {
                    let keys = try String(contentsOfFile: folder.path + "/keys/sandbox.json", encoding: .utf8)
                    let client = HTTPClient(eventLoopGroupProvider: .singleton)
                    let sandbox = RunningSandbox(
                        addresses: addresses,
                        keys: try JSONText.decode(KeyExport.self, from: keys),
                        folder: books,
                        client: client
                    )
                    let result: Result<Void, any Error>
                    do {
                        result = .success(try await body(sandbox))
                    } catch {
                        result = .failure(error)
                    }
                    try await client.shutdown()
                    await group.triggerGracefulShutdown()
                    try result.get()
                }
            }
            // Not waitForAll: the first error has to end the other task.
            while try await tasks.next() != nil {}
        }
    }

    // MARK: Plain HTTP

    func send(
        _ method: String,
        _ path: String,
        body: [UInt8] = [],
        headers: [(String, String)] = [],
        milliseconds: Int64 = 20_000
    ) async throws -> Reply {
        var request = HTTPClientRequest(url: addresses.sandbox + path)
        request.method = .RAW(value: method)
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        if !body.isEmpty { request.body = .bytes(ByteBuffer(bytes: body)) }
        let response = try await client.execute(request, timeout: .milliseconds(milliseconds))
        let bytes = Array(buffer: try await response.body.collect(upTo: 1 << 20))
        return Reply(
            status: Int(response.status.code),
            contentType: response.headers.first(name: "content-type") ?? "",
            headers: response.headers,
            body: bytes
        )
    }

    /// A control call that must succeed.
    @discardableResult
    func control(_ method: String, _ path: String, _ body: String = "") async throws -> JSONValue {
        let reply = try await send(method, "/sandbox/v1/" + path, body: Array(body.utf8))
        #expect(reply.status == 200, "\(reply.text)")
        return try #require(reply.json)
    }

    func code(_ wallet: SandboxWallet, _ behaviour: String = "pays") async throws -> String {
        let answer = try await control(
            "POST",
            "codes",
            #"{"wallet":"\#(wallet.rawValue)","behaviour":"\#(behaviour)"}"#
        )
        return try #require(answer.object?["code"]?.text)
    }

    /// What the wallet's books say was paid and kept; nil where there is no trade.
    func net(_ number: String) async throws -> Int64? {
        guard case .list(let trades) = try await control("GET", "trades?merchantOrderNumber=\(number)") else {
            return nil
        }
        return trades.first?.object?["net"]?.integer
    }

    /// What the books say as soon as the wallet has decided: UnionPay answers before it does.
    func decidedNet(_ number: String) async throws -> Int64? {
        var state: String?
        var net: Int64?
        repeat {
            guard case .list(let trades) = try await control("GET", "trades?merchantOrderNumber=\(number)") else {
                return nil
            }
            state = trades.first?.object?["state"]?.text
            net = trades.first?.object?["net"]?.integer
        } while state == "waiting"
        return net
    }

    func fault(_ wallet: SandboxWallet, _ fault: String, operation: String = "pay", seconds: Double) async throws {
        try await control(
            "PUT",
            "faults",
            #"""
            [{"wallet":"\#(wallet.rawValue)","operation":"\#(operation)","fault":"\#(fault)","count":1,
            "seconds":\#(seconds)}]
            """#
        )
    }

    // MARK: A merchant of Alipay, who sends as the official clients do: common parameters in the query

    func alipay(
        _ method: String,
        _ content: String,
        change: [String: String?] = [:],
        milliseconds: Int64 = 20_000
    ) async throws -> Reply {
        let charset = Charset(name: (change["charset"] ?? nil) ?? "utf-8") ?? .utf8
        var fields: [String: [UInt8]] = [
            "app_id": Array(keys.alipay.appID.utf8), "method": Array(method.utf8), "charset": Array("utf-8".utf8),
            "sign_type": Array("RSA2".utf8), "version": Array("1.0".utf8), "format": Array("JSON".utf8),
            "timestamp": Array(ChinaTime(milliseconds: SystemTime().now).spaced.utf8),
            "biz_content": charset.encode(content) ?? [],
        ]
        for (name, value) in change where name != "sign" { fields[name] = value.map { Array($0.utf8) } }
        let key = try _RSA.Signing.PrivateKey(pemRepresentation: keys.alipay.merchantPrivateKeyPKCS8)
        let text = AlipaySignature.signedText(of: fields.map { ($0.key, $0.value) })
        fields["sign"] = Array(
            try key.signature(for: text, padding: .insecurePKCS1v1_5).rawRepresentation.base64EncodedString().utf8
        )
        if let sign = change["sign"] { fields["sign"] = sign.map { Array($0.utf8) } }
        let body = fields.removeValue(forKey: "biz_content").map { "biz_content=" + percent($0) } ?? ""
        let query = fields.map { "\($0.key)=\(percent($0.value))" }.joined(separator: "&")
        return try await send(
            "POST",
            "/gateway.do?" + query,
            body: Array(body.utf8),
            headers: [("Content-Type", "application/x-www-form-urlencoded;charset=utf-8")],
            milliseconds: milliseconds
        )
    }

    func percent(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            switch byte {
            case 48...57, 65...90, 97...122: String(UnicodeScalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }

    func alipayPay(
        _ number: String,
        code: String,
        amount: String = "12.90",
        milliseconds: Int64 = 20_000
    ) async throws -> Reply {
        try await alipay(
            "alipay.trade.pay",
            #"{"out_trade_no":"\#(number)","auth_code":"\#(code)","subject":"牛奶","total_amount":"\#(amount)"}"#,
            milliseconds: milliseconds
        )
    }

    // MARK: A merchant of WeChat Pay

    func weChat(
        _ path: String,
        _ fields: [String: String],
        change: [String: String?] = [:],
        milliseconds: Int64 = 20_000
    ) async throws -> Reply {
        var all = fields
        all["appid"] = keys.wechatpay.appID
        all["mch_id"] = keys.wechatpay.mchID
        all["nonce_str"] = "5f1c3a9be0d24b7f"
        for (name, value) in change where name != "sign" { all[name] = value }
        var list = all.map { (name: $0.key, value: $0.value) }
        let kind = WeChatSignature.Kind(rawValue: all["sign_type"] ?? "") ?? .md5
        let sign = change["sign"] ?? WeChatSignature.sign(list, key: keys.wechatpay.apiKey, kind: kind)
        if let sign { list.append(("sign", sign)) }
        return try await send("POST", path, body: Array(FlatXML(fields: list).text.utf8), milliseconds: milliseconds)
    }

    func weChatPay(_ number: String, code: String, milliseconds: Int64 = 20_000) async throws -> Reply {
        try await weChat(
            "/pay/micropay",
            [
                "body": "牛奶", "out_trade_no": number, "total_fee": "1290", "spbill_create_ip": "127.0.0.1",
                "auth_code": code,
            ],
            milliseconds: milliseconds
        )
    }

    func pay(
        _ wallet: SandboxWallet,
        _ number: String,
        code: String,
        milliseconds: Int64 = 20_000
    ) async throws -> Reply {
        switch wallet {
        case .alipay: try await alipayPay(number, code: code, milliseconds: milliseconds)
        case .wechatpay: try await weChatPay(number, code: code, milliseconds: milliseconds)
        case .qqwallet: try await qqPay(number, code: code, milliseconds: milliseconds)
        case .unionpay: try await unionConsume(number, code: code, milliseconds: milliseconds)
        }
    }
}
