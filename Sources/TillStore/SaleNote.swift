// Part of Tillbridge. See LICENSE.
package import TillDomain

/// What a register tells of a sale, besides its intent, when it asks to pay it. It is kept for people and decides
/// nothing about money.
///
/// It is an entry of its own, and not a part of the payment's: a payment has an entry for each of its changes, and the
/// other cloud keeps the newest of them alone.
package struct SaleNote: Equatable, Sendable {
    /// In the register's order. The wire bounds it: a request to pay has 16 KiB at most.
    package let items: [BasketItem]
    /// The last four digits of the payment code, by which a shopper's receipt is found; empty where none are kept.
    package let codeEnd: [UInt8]

    /// So many characters of a payment code stay unknown to whoever reads all that is stored of it.
    private static let hiddenCharacters = 8

    /// Nil where there is nothing to keep.
    package init?(items: [BasketItem], codeEnd: [UInt8] = []) {
        guard !items.isEmpty || !codeEnd.isEmpty else { return nil }
        self.items = items
        self.codeEnd = codeEnd
    }

    /// The last four digits of a code. Empty for codes that are not digits, and for those of which too little would
    /// stay unknown.
    /// - Parameter sign: The first characters, which the intent tells.
    package static func codeEnd(of code: PaymentCode, sign: [UInt8]) -> [UInt8] {
        let digits = code.secret
        guard PaymentCodeForm(digits) == .digits, digits.count >= sign.count + hiddenCharacters + 4 else { return [] }
        return [UInt8](digits.suffix(4))
    }

    /// The body of its log entry.
    package var body: String {
        EntryText.object { text in
            text.objects("items", items) { text, item in
                text.text("sku", item.sku)
                text.text("name", item.name)
                text.integer("quantity", item.quantity)
                text.integer("unitPrice", item.unitPrice.fen)
            }
            if !codeEnd.isEmpty { text.text("codeEnd", codeEnd) }
        }
    }
}
