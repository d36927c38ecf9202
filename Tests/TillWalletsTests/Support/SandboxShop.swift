// Part of Tillbridge. See LICENSE.
import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import Testing
import TillDomain
import TillEngine
import TillSandbox
import TillWallets

/// A shop with accounts at a sandbox that runs in this process.
struct SandboxShop: Sendable {
    let base: String
    let account: WalletAccount

    private static let sharedKeys = Result { try SandboxKeys.make() }

    /// Starts a sandbox and closes it behind `body`. Its time is no faster than ours: a payment code lives a minute, and
    /// on a busy machine a sale takes more than a fraction of that.
    static func open(
        _ wallet: Wallet,
        version: String? = nil,
        _ body: @Sendable @escaping (SandboxShop) async throws -> Void
    ) async throws {
        let folder = NSTemporaryDirectory() + "till-wallets-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var configuration = SandboxConfiguration()
        configuration.port = 0
        configuration.data = folder
        configuration.export = folder + "/keys"
        configuration.seed = 1
        // One set of keys for all tests: drawing RSA keys takes longer than most of them.
        try sharedKeys.get().write(to: folder)
        var logger = Logger(label: "sandbox")
        logger.logLevel = .critical
        let (ready, announce) = AsyncStream<SandboxService.Addresses>.makeStream()
        let service = try SandboxService(configuration, logger: logger) { announce.yield($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                // The end of the test cancels it, which is not an error.
                do { try await service.run() } catch is CancellationError {}
            }
            let addresses = try #require(await ready.first { _ in true })
            let keys = try #require(addresses.keys)
            let file = [UInt8](try Data(contentsOf: URL(filePath: keys)))
            let settings = try #require(
                try WalletSettings.exported(in: file, version: version).first { $0.wallet == wallet }
            )
            let account = try WalletRegistry.standard.account(from: settings)
            try await body(SandboxShop(base: addresses.sandbox, account: account))
            group.cancelAll()
        }
    }

    static func now() -> Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }

    /// A new sale of 12.90 yuan.
    func order(amount: Int64 = 1290) throws -> WalletOrder {
        var generator = SystemRandomNumberGenerator()
        return WalletOrder(
            Intent(
                orderNumber: OrderNumber(
                    installation: .sandbox,
                    register: try #require(RegisterID("QF000K703".utf8)),
                    epoch: generator.next(),
                    sequence: 1
                ),
                saleReference: try #require(SaleReference("S-1".utf8)),
                amount: Money(fen: amount),
                sign: [50, 56],
                codeLength: 18,
                routing: 1,
                startedAt: SandboxShop.now(),
                nonce: Nonce(generator.next())
            )
        )
    }

    func payment(_ order: WalletOrder, code: String) throws -> WalletOperation {
        .pay(
            WalletPayment(
                order: order,
                code: try #require(PaymentCode(scanned: code.utf8)),
                subject: [UInt8]("示例门店 & Söhne/=<购物>".utf8),
                operatorName: [UInt8]("c07".utf8),
                items: Sample.basket
            )
        )
    }

    /// A code whose shopper does what `behaviour` says.
    func code(_ behaviour: String) async throws -> String {
        struct Issued: Decodable { let code: String }
        let wallet = String(decoding: account.wallet.bytes, as: UTF8.self)
        let answer = try await control(
            .POST,
            "codes",
            "{\"wallet\":\"\(wallet)\",\"behaviour\":\"\(behaviour)\"}"
        )
        return try JSONDecoder().decode(Issued.self, from: Data(answer)).code
    }

    private func control(_ method: HTTPMethod, _ path: String, _ body: String) async throws -> [UInt8] {
        var request = HTTPClientRequest(url: base + "/sandbox/v1/" + path)
        request.method = method
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .bytes([UInt8](body.utf8))
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let answer = Array(buffer: try await response.body.collect(upTo: 1 << 20))
        try #require((200..<300).contains(response.status.code), "\(String(decoding: answer, as: UTF8.self))")
        return answer
    }

    /// One call to the wallet, over the plain port.
    func call(_ operation: WalletOperation) async throws -> WalletReading {
        var generator = SystemRandomNumberGenerator()
        let request = try account.adapter.request(
            for: operation,
            at: SandboxShop.now(),
            message: MessageID(generator.next(), generator.next())
        )
        var outgoing = HTTPClientRequest(url: account.baseURL + request.target)
        outgoing.method = HTTPMethod(rawValue: request.method)
        for header in request.headers { outgoing.headers.add(name: header.name, value: header.value) }
        outgoing.body = .bytes(request.body)
        let response = try await HTTPClient.shared.execute(outgoing, timeout: .seconds(30))
        let body = Array(buffer: try await response.body.collect(upTo: 1 << 20))
        return account.adapter.read(
            InboundResponse(
                status: Int(response.status.code),
                headers: InboundResponse.headerNames.compactMap { name in
                    response.headers.first(name: name).map { OutboundRequest.Header(name: name, value: $0) }
                },
                body: body,
                receivedAt: SandboxShop.now()
            ),
            of: operation
        )
    }

    func outcome(_ operation: WalletOperation) async throws -> WalletOutcome { try await call(operation).outcome }

    /// Calls again until the answer is as expected: a wallet's query may lag behind its books. Waits for a condition,
    /// with an end.
    func eventually(_ operation: WalletOperation, _ isExpected: (WalletOutcome) -> Bool) async throws -> Bool {
        for _ in 0..<600 {
            if isExpected(try await outcome(operation)) { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    func eventually(_ operation: WalletOperation, _ expected: WalletOutcome) async throws -> Bool {
        try await eventually(operation) { $0 == expected }
    }

    /// Whether a query shows the order paid, as it was ordered and with its nonce.
    func eventuallyPaid(_ order: WalletOrder) async throws -> Bool {
        try await eventually(.query(order)) { outcome in
            guard case .query(.paid(let trade)) = outcome else { return false }
            return trade.isPayment(of: order) && trade.nonce == order.nonce
        }
    }
}
