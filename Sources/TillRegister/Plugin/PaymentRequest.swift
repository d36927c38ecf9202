// Part of Tillbridge. See LICENSE.

/// One sale, as the register asks the plug-in to collect it.
package struct PaymentRequest: Codable, Sendable {
    package struct Item: Codable, Equatable, Sendable {
        package var sku: String
        package var name: String
        package var quantity: Int64
        /// In fen.
        package var unitPrice: Int64

        package init(sku: String, name: String, quantity: Int64, unitPrice: Int64) {
            self.sku = sku
            self.name = name
            self.quantity = quantity
            self.unitPrice = unitPrice
        }
    }

    package var saleRef: String
    /// In fen.
    package var amount: Int64
    package var currency: String
    /// Goes to the plug-in and nowhere else: no log, no file.
    package var paymentCode: String
    package var `operator`: String?
    package var items: [Item]

    package init(
        saleRef: String,
        amount: Int64,
        paymentCode: String,
        operator cashier: String? = nil,
        items: [Item] = []
    ) {
        self.saleRef = saleRef
        self.amount = amount
        currency = "CNY"
        self.paymentCode = paymentCode
        self.operator = cashier
        self.items = items
    }
}
