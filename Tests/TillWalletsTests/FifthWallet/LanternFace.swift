// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation

@testable import TillSandbox

/// Lantern's side of the wire, from `lantern.md`. Its rules are close enough to Alipay's to keep its books in theirs.
struct LanternFace: WalletFace {
    struct Call: WalletCall {
        enum Content: Sendable {
            case pay(PayRequest)
            case query
            case cancel
            case refund(number: String, amount: Int64)
            case refundQuery(number: String, amount: Int64)
            case bill(day: String, BillPeriod)
        }

        let content: Content
        /// Nil for a bill.
        let order: String?

        var merchantOrderNumber: String? { order }

        var operation: SandboxOperation {
            switch content {
            case .pay: .pay
            case .query: .query
            case .cancel: .cancel
            case .refund: .refund
            case .refundQuery: .refundQuery
            case .bill: .bill
            }
        }

        var payRequest: PayRequest? { if case .pay(let request) = content { request } else { nil } }

        var name: String {
            switch content {
            case .refundQuery: "refund-query"
            default: operation.rawValue
            }
        }
    }

    /// The members of an answer's content.
    enum Value: Encodable, Sendable {
        case text(String)
        case number(Int64)

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .number(let number): try container.encode(number)
            }
        }
    }

    static let merchant = "LM0000001"
    static let key = "a key of Lantern's for the tests, 32 or more"
    static let unpaidLife: Int64 = 300_000

    let wallet = SandboxWallet.alipay

    // MARK: In

    func read(_ request: WalletRequest, policies: Policies, realNow: Int64) -> Reading<Call> {
        let name = String(request.path.dropFirst("/v1/".count))
        func refuse(_ code: String, _ order: String = "") -> Reading<Call> {
            .refused(write(["call": .text(name), "order": .text(order), "result": .text(code)], distortion: .none))
        }
        guard let outer = JSONValue(request.body)?.object, let content = outer["content"]?.text,
            let fields = JSONValue(content.utf8)?.object, fields["call"]?.text == name
        else { return refuse("FORMAT") }
        guard outer["sign"]?.text == LanternFace.sign(content) else { return refuse("SIGN") }
        let order = fields["order"]?.text
        guard fields["merchant"]?.text == LanternFace.merchant else { return refuse("MERCHANT", order ?? "") }
        guard let time = fields["time"]?.text.flatMap({ ChinaTime($0) }), abs(time.milliseconds - realNow) <= 600_000
        else { return refuse("TIME", order ?? "") }
        guard fields["message"]?.text?.count == 26, let content = LanternFace.content(name, fields) else {
            return refuse("FORMAT", order ?? "")
        }
        return .call(Call(content: content, order: order))
    }

    private static func content(_ name: String, _ fields: [String: JSONValue]) -> Call.Content? {
        if name == "bill" {
            guard let day = fields["day"]?.text, let period = BillPeriod(day: day) else { return nil }
            return .bill(day: day, period)
        }
        guard let order = fields["order"]?.text, (1...40).contains(order.count) else { return nil }
        switch name {
        case "pay":
            guard let code = fields["code"]?.text, let amount = fields["amount"]?.integer, amount > 0,
                let title = fields["title"]?.text, (1...60).contains(title.utf8.count),
                let note = fields["note"]?.text, note.utf8.count <= 32
            else { return nil }
            return .pay(
                PayRequest(
                    wallet: .alipay,
                    merchantOrderNumber: order,
                    code: code,
                    amount: amount,
                    subject: title,
                    fingerprint: "\(amount)",
                    echoes: ["note": note],
                    life: unpaidLife,
                    absoluteExpiry: nil
                )
            )
        case "query": return .query
        case "cancel": return .cancel
        case "refund", "refund-query":
            guard let number = fields["refund"]?.text, (1...40).contains(number.count),
                let amount = fields["amount"]?.integer, amount > 0
            else { return nil }
            return name == "refund"
                ? .refund(number: number, amount: amount) : .refundQuery(number: number, amount: amount)
        default: return nil
        }
    }

    // MARK: Out

    static func sign(_ content: String) -> String {
        let secret = SymmetricKey(data: Data(key.utf8))
        let code = HMAC<SHA256>.authenticationCode(for: Data(content.utf8), using: secret)
        return code.map { String(format: "%02x", $0) }.joined()
    }

    func write(_ members: [String: Value], distortion: Distortion, isSigned: Bool = true) -> WalletReply {
        let members = members.merging(["merchant": .text(LanternFace.merchant)]) { $1 }
        let content = String(decoding: (try? JSONEncoder().encode(members)) ?? Data(), as: UTF8.self)
        var outer = ["content": content]
        if isSigned { outer["sign"] = LanternFace.sign(content + (distortion.breaksSignature ? " " : "")) }
        return WalletReply(
            status: 200,
            contentType: "application/json",
            body: [UInt8]((try? JSONEncoder().encode(outer)) ?? Data()),
            outcome: "answered"
        )
    }
}
