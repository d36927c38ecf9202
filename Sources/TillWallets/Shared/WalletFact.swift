// Part of Tillbridge. See LICENSE.
package import TillDomain
package import TillEngine

/// A name and a value of a request or an answer that anybody may read: no key, no signature, no payment code, and
/// nothing about the shopper.
package struct WalletFact: Equatable, Sendable {
    package let name: String
    package let value: String

    /// Nil for a value that is not visible ASCII of at most 64 characters: numbers, codes and states are.
    init?(_ name: StaticString, _ value: [UInt8]?) {
        guard let value = value.flatMap({ DisplayText.token($0, limit: 64) }) else { return nil }
        self.name = String(decoding: name.bytes, as: UTF8.self)
        self.value = String(decoding: value, as: UTF8.self)
    }

    /// Those of the names that have a value.
    static func list(_ names: [StaticString], _ value: (StaticString) -> [UInt8]?) -> [WalletFact] {
        names.compactMap { WalletFact($0, value($0)) }
    }
}

// An adapter that names nothing is as good as any other; people see less of its calls.
extension WalletAdapter {
    package func shown(of operation: WalletOperation, message: MessageID) -> [WalletFact] { [] }

    package func shown(in response: InboundResponse, of operation: WalletOperation) -> [WalletFact] { [] }
}

/// How one wallet names what every call has.
struct WalletFactNames: Sendable {
    let number: StaticString
    let amount: StaticString
    let refundNumber: StaticString
    let refundAmount: StaticString
    /// Amounts as the wallet writes them.
    let money: @Sendable (Money) -> [UInt8]

    func facts(of operation: WalletOperation) -> [WalletFact] {
        var facts = [WalletFact(number, operation.order.number.bytes)]
        switch operation {
        case .pay(let payment): facts.append(WalletFact(amount, money(payment.order.amount)))
        case .refund(let refund):
            facts += [WalletFact(refundNumber, refund.number.bytes), WalletFact(refundAmount, money(refund.amount))]
        case .refundQuery(let refund): facts.append(WalletFact(refundNumber, refund.number.bytes))
        case .query, .cancel, .returns: break
        }
        return facts.compactMap(\.self)
    }
}
