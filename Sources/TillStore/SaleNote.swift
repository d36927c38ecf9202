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

    /// Nil where there is nothing to keep.
    package init?(items: [BasketItem]) {
        guard !items.isEmpty else { return nil }
        self.items = items
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
        }
    }
}
