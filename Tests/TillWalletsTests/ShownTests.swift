// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillDomain
import TillEngine
import TillWallets

/// What people may read of a call: numbers, codes and states, and nothing about shopper, code or keys.
@Suite struct ShownTests {
    private static let protocols = Account.wallets + ["wechatpay-v3"]

    private func adapter(_ name: String) throws -> any WalletAdapter {
        name == "wechatpay-v3" ? try Account.weChatPayV3() : try Account.adapter(name)
    }

    /// Everything that an adapter may name.
    private static let names: Set<String> = [
        "method", "out_trade_no", "total_amount", "out_request_no", "refund_amount", "code", "sub_code", "trade_status",
        "action", "retry_flag", "fund_change", "refund_status", "total_fee", "out_refund_no", "refund_fee", "nonce_str",
        "return_code", "result_code", "err_code", "trade_state", "trade_type", "recall", "refund_count",
        "refund_status_0", "status", "txnType", "txnSubType", "orderId", "txnTime", "txnAmt", "origOrderId", "respCode",
        "origRespCode",
    ]

    private static let message = MessageID(1, 2)

    @Test("a request shows its number and its amount, and nothing of the code", arguments: protocols)
    func request(name: String) throws {
        let adapter = try adapter(name)
        let code = "623456789012345678"
        let refund = try Sample.refund()
        let operations: [(WalletOperation, [String])] = [
            (.pay(try Sample.payment(code: code)), [refund.order.number.description]),
            (.query(refund.order), [refund.order.number.description]),
            (.cancel(refund.order), [refund.order.number.description]),
            (.refund(refund), [refund.order.number.description, refund.number.description]),
            (.refundQuery(refund), [refund.number.description]),
        ]
        for (operation, wanted) in operations {
            let facts = adapter.shown(of: operation, message: Self.message)
            #expect(Set(facts.map(\.name)).isSubset(of: Self.names))
            #expect(Set(facts.map(\.name)).count == facts.count && facts.count <= 8)
            for value in wanted { #expect(facts.contains { $0.value == value }, "\(value) in \(facts)") }
            for start in 0...(code.count - 5) {
                let part = String(code.dropFirst(start).prefix(5))
                #expect(!facts.contains { $0.value.contains(part) }, "five digits of the code")
            }
        }
        let pay = adapter.shown(of: operations[0].0, message: Self.message)
        #expect(pay.contains { ["12.90", "1290"].contains($0.value) }, "the amount in \(pay)")
    }

    @Test("an answer shows codes and states, whatever it is", arguments: Account.wallets)
    func answer(wallet: String) throws {
        let adapter = try adapter(wallet)
        let folder = try #require(Bundle.module.resourcePath) + "/Fixtures/" + wallet
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".response") }
        #expect(files.count > 40)
        for file in files {
            let name = String(file.dropLast(".response".count))
            let response = try Fixture.response("\(wallet)/\(name)")
            let facts = adapter.shown(in: response, of: try Sample.operation(name))
            #expect(Set(facts.map(\.name)).isSubset(of: Self.names))
            #expect(facts.allSatisfy { $0.value.utf8.count <= 64 })
            for secret in ["159****5620", "2088000000000001", "oUpF8"] {
                #expect(!facts.contains { $0.value.contains(secret) }, "the shopper in \(file)")
            }
        }
        let paid = try Fixture.response("\(wallet)/\(wallet == "unionpay" ? "query-paid" : "pay-paid")")
        let operation = try Sample.operation(wallet == "unionpay" ? "query-paid" : "pay-paid")
        let facts = adapter.shown(in: paid, of: operation).map { "\($0.name)=\($0.value)" }
        let wanted = ["alipay": "code=10000", "unionpay": "respCode=00"][wallet] ?? "result_code=SUCCESS"
        #expect(facts.contains(wanted), "\(facts)")
        #expect(adapter.shown(in: InboundResponse(status: 502, body: [60, 104]), of: operation).isEmpty)
    }

    @Test("WeChat Pay V3 shows the state of the trade, and not who paid") func versionThree() throws {
        let adapter = try Account.weChatPayV3()
        let body = #"{"trade_state":"SUCCESS","trade_type":"MICROPAY","payer":{"openid":"oUpF8"},"attach":"x"}"#
        let response = InboundResponse(status: 200, body: [UInt8](body.utf8))
        let facts = adapter.shown(in: response, of: .query(try Sample.order()))
        #expect(facts.map { "\($0.name)=\($0.value)" } == ["trade_state=SUCCESS", "trade_type=MICROPAY"])
    }
}
