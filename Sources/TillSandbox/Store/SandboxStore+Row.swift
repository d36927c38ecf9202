// Part of Tillbridge. See LICENSE.
import Foundation

extension SandboxStore {
    /// A change as the table has it. Without a body the row goes away.
    struct Row: Sendable {
        let kind: String
        let key: String
        let body: String?

        init(kind: String, key: String, body: String?) {
            self.kind = kind
            self.key = key
            self.body = body
        }

        init(_ change: Change) throws {
            switch change {
            case .code(let code):
                self.init(kind: "code", key: "\(code.wallet.rawValue)/\(code.code)", body: try JSONText.encode(code))
            case .shopper(let shopper):
                self.init(
                    kind: "shopper",
                    key: "\(shopper.wallet.rawValue)/\(shopper.name)",
                    body: try JSONText.encode(shopper)
                )
            case .trade(let trade):
                self.init(
                    kind: "trade",
                    key: "\(trade.wallet.rawValue)/\(trade.key)",
                    body: try JSONText.encode(trade)
                )
            case .entry(let entry):
                self.init(
                    kind: "entry",
                    key: "\(entry.wallet.rawValue)/\(entry.sequence)",
                    body: try JSONText.encode(entry)
                )
            case .fence(let wallet, let number):
                self.init(kind: "fence", key: "\(wallet.rawValue)/\(number)", body: "")
            case .latePay(let late):
                self.init(
                    kind: "late",
                    key: "\(late.request.wallet.rawValue)/\(late.id)",
                    body: try JSONText.encode(late)
                )
            case .latePayDone(let wallet, let id):
                self.init(kind: "late", key: "\(wallet.rawValue)/\(id)", body: nil)
            case .setting(let name, let value):
                self.init(kind: "setting", key: name, body: value)
            }
        }

        func change() throws -> Change {
            let body = body ?? ""
            switch kind {
            case "code": return .code(try JSONText.decode(IssuedCode.self, from: body))
            case "shopper": return .shopper(try JSONText.decode(Shopper.self, from: body))
            case "trade": return .trade(try JSONText.decode(Trade.self, from: body))
            case "entry": return .entry(try JSONText.decode(LedgerEntry.self, from: body))
            case "late": return .latePay(try JSONText.decode(LatePay.self, from: body))
            case "setting": return .setting(name: key, value: body)
            case "fence":
                let parts = key.split(separator: "/", maxSplits: 1)
                guard parts.count == 2, let wallet = SandboxWallet(rawValue: String(parts[0])) else {
                    throw SandboxError("a row of kind fence has the key \(key)")
                }
                return .fence(wallet, String(parts[1]))
            default:
                throw SandboxError("a row has the kind \(kind)")
            }
        }
    }
}

/// JSON as text, with names in a fixed order.
package enum JSONText {
    package static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    package static func decode<Value: Decodable>(_ type: Value.Type, from text: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }
}
