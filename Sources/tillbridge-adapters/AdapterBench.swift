// Part of Tillbridge. See LICENSE.
import CryptoExtras
import Foundation
import Glibc
import TillDomain
import TillEngine
import TillSandbox

@testable import TillWallets

/// What a payment costs an adapter: its request built and signed, the wallet's answer parsed and verified. CPU time of
/// one core; the answer is a real one of the sandbox, with real keys. For `./run bench adapters`.
///
/// Prints one line a protocol, `name calls-per-core-second`, then `rsa-openssl` and `rsa-swift-crypto`: bare signatures of
/// RSA-2048 with SHA-256 a core-second.
@main struct AdapterBench {
    static let rounds = 5
    /// Seconds of CPU time of one round.
    static let span = 0.4

    static func main() throws {
        let keys = try SandboxKeys.make()
        for row in WalletRegistry.standard.rows {
            print("\(row.section)-\(row.version)", try calls(row, keys))
        }
        let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        guard let signer = RSASigner(Array(key.derRepresentation)) else { fatalError("the key does not open") }
        let text = [UInt8](repeating: 65, count: 500)
        print("rsa-openssl", rate { guard signer.sign(text) != nil else { fatalError("no signature") } })
        print("rsa-swift-crypto", try rate { _ = try key.signature(for: text, padding: .insecurePKCS1v1_5) })
    }

    /// The median of the rounds.
    static func rate(_ body: () throws -> Void) rethrows -> Int {
        var rates: [Double] = []
        for _ in 0..<rounds {
            let start = cpuTime()
            var count = 0
            var spent = 0.0
            while spent < span {
                for _ in 0..<20 { try body() }
                count += 20
                spent = cpuTime() - start
            }
            rates.append(Double(count) / spent)
        }
        return Int(rates.sorted()[rounds / 2])
    }

    static func cpuTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func calls(_ row: WalletRegistry.Row, _ keys: SandboxKeys) throws -> Int {
        let export = KeyExport(keys: keys, baseURL: "http://127.0.0.1:7300", tlsBaseURL: nil)
        let settings = try WalletSettings.exported(in: Array(try JSONEncoder().encode(export)), version: row.version)
        guard let settings = settings.first(where: { $0.wallet == row.wallet }),
            let wallet = SandboxWallet(rawValue: row.section)
        else { fatalError("\(row.section) has no settings") }
        let adapter = try WalletRegistry.standard.account(from: settings).adapter
        let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        var state = SandboxState(pace: .real, seed: 1, realisticShoppers: false)
        let code = state.issueCode(
            wallet,
            behaviour: .pays,
            shopper: nil,
            balance: nil,
            life: TradeBook.codeLife,
            at: now.milliseconds
        ).code
        let operation = try payment(code, at: now)
        var generator = SystemRandomNumberGenerator()
        func message() -> MessageID { MessageID(generator.next(), generator.next()) }
        let request = try adapter.request(for: operation, at: now, message: message())
        let response = try answer(request, row, keys, &state, at: now)
        switch adapter.outcome(of: operation, from: response) {
        case .pay(.paid), .pay(.waitingForShopper): break
        case let other: fatalError("\(row.section): the sandbox's answer means \(other)")
        }
        return try rate {
            _ = try adapter.request(for: operation, at: now, message: message())
            _ = adapter.read(response, of: operation)
        }
    }

    private static func payment(_ code: String, at now: Timestamp) throws -> WalletOperation {
        guard let scanned = PaymentCode(scanned: code.utf8), let register = RegisterID("QF000K703".utf8),
            let sale = SaleReference("S-1".utf8)
        else { fatalError("the sample is no payment") }
        let intent = Intent(
            orderNumber: OrderNumber(installation: .sandbox, register: register, epoch: 7, sequence: 1),
            saleReference: sale,
            amount: Money(fen: 1290),
            sign: Array(code.utf8.prefix(2)),
            codeLength: code.utf8.count,
            routing: 1,
            startedAt: now,
            nonce: Nonce(0x9f86_d081_884c_7d65)
        )
        return .pay(
            WalletPayment(
                order: WalletOrder(intent),
                code: scanned,
                subject: Array("示例门店购物".utf8),
                operatorName: Array("c07".utf8),
                items: []
            )
        )
    }

    private static func answer(
        _ request: OutboundRequest,
        _ row: WalletRegistry.Row,
        _ keys: SandboxKeys,
        _ state: inout SandboxState,
        at now: Timestamp
    ) throws -> InboundResponse {
        let parts = request.target.split(separator: "?", maxSplits: 1).map(String.init)
        var headers = ["host": "127.0.0.1:7300"]
        for header in request.headers { headers[header.name.lowercased()] = header.value }
        let arrived = WalletRequest(
            method: request.method,
            path: parts[0],
            query: parts.count > 1 ? parts[1] : "",
            contentType: headers["content-type"] ?? "",
            body: request.body,
            clientCertificate: .plainPort,
            headers: headers
        )
        let reply =
            switch row.section + row.version {
            case "wechatpayv3": reply(of: try WeChatV3Face(keys: keys), arrived, &state, now)
            case "wechatpayv2": reply(of: WeChatFace(keys: keys.wechatpay), arrived, &state, now)
            case "qqwalletv1": reply(of: QQFace(keys: keys.qqwallet), arrived, &state, now)
            case "unionpayacp-5.1.0": reply(of: try UnionPayFace(keys: keys.unionpay), arrived, &state, now)
            default: reply(of: try AlipayFace(keys: keys.alipay), arrived, &state, now)
            }
        let names = InboundResponse.headerNames.compactMap { name in
            reply.headers.first { $0.key.lowercased() == name.lowercased() }
                .map { OutboundRequest.Header(name: name, value: $0.value) }
        }
        return InboundResponse(status: reply.status, headers: names, body: reply.body, receivedAt: now)
    }

    private static func reply(
        of face: some WalletFace,
        _ request: WalletRequest,
        _ state: inout SandboxState,
        _ now: Timestamp
    ) -> WalletReply {
        switch face.read(request, policies: state.policies, realNow: now.milliseconds) {
        case .refused(let reply), .answered(let reply): return reply
        case .call(let call):
            guard case .reply(let reply, _, _) = face.carryOut(call, on: &state, at: now.milliseconds).course else {
                fatalError("the sandbox gives no answer")
            }
            return reply
        }
    }
}
