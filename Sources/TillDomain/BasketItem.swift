// Part of Tillbridge. See LICENSE.

/// One line of the basket.
package struct BasketItem: Equatable, Sendable {
    package let sku: [UInt8]
    /// UTF-8.
    package let name: [UInt8]
    package let quantity: Int64
    package let unitPrice: Money

    package init(sku: [UInt8], name: [UInt8], quantity: Int64, unitPrice: Money) {
        self.sku = sku
        self.name = name
        self.quantity = quantity
        self.unitPrice = unitPrice
    }
}
