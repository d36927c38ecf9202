// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine
import TillWallets

/// The sale that the fixtures are about.
enum Sample {
    static let nonce = "5f1c3a9be0d24b7f"
    /// 2026-11-22 18:30:00 GMT+8.
    static let start = Timestamp(milliseconds: 1_795_343_400_000)
    static let now = Timestamp(milliseconds: 1_795_343_401_234)

    static func order(amount: Int64 = 1290) throws -> WalletOrder {
        WalletOrder(
            Intent(
                orderNumber: try #require(OrderNumber("TQF000K703343G7H2000016R".utf8)),
                saleReference: try #require(SaleReference("S-1".utf8)),
                amount: Money(fen: amount),
                sign: [50, 56],
                codeLength: 18,
                routing: 1,
                startedAt: start,
                nonce: try #require(Nonce(nonce.utf8))
            )
        )
    }

    static func payment(
        code: String = "283456789012345678",
        subject: String = "示例门店购物",
        amount: Int64 = 1290,
        operatorName: String = "c07",
        items: [BasketItem] = basket
    ) throws -> WalletPayment {
        WalletPayment(
            order: try order(amount: amount),
            code: try #require(PaymentCode(scanned: code.utf8)),
            subject: [UInt8](subject.utf8),
            operatorName: [UInt8](operatorName.utf8),
            items: items
        )
    }

    static let basket = [
        item(sku: "6901234567892", name: "牛奶 \"1L\"", quantity: 2, price: 545),
        item(sku: "BAG-1", name: "购物袋", quantity: 1, price: 200),
    ]

    static func item(sku: String, name: String, quantity: Int64, price: Int64) -> BasketItem {
        BasketItem(
            sku: [UInt8](sku.utf8),
            name: [UInt8](name.utf8),
            quantity: quantity,
            unitPrice: Money(fen: price)
        )
    }

    static func refund(amount: Int64 = 1290, reason: String = "payment revoked") throws -> WalletRefund {
        let order = try order()
        return WalletRefund(
            order: order,
            number: order.number.refundNumber(0),
            requestedAt: order.startedAt,
            amount: Money(fen: amount),
            reason: [UInt8](reason.utf8)
        )
    }

    static func message() throws -> MessageID { try #require(MessageID("7QK2M4T9XW3P8DHC5NRA6V0BEF".utf8)) }

    static func trade(
        _ transaction: String,
        amount: Int64 = 1290,
        nonce: Nonce? = Nonce(Sample.nonce.utf8),
        payer: String = "",
        number: String = "TQF000K703343G7H2000016R"
    ) throws -> WalletTrade {
        WalletTrade(
            orderNumber: try #require(OrderNumber(number.utf8)),
            amount: Money(fen: amount),
            transaction: try #require(WalletTransactionID(transaction.utf8)),
            nonce: nonce,
            payer: [UInt8](payer.utf8)
        )
    }

    /// The five calls about the sample, by the first word of a fixture's name.
    static func operation(_ name: String, code: String = "283456789012345678") throws -> WalletOperation {
        if name.hasPrefix("refund-query") { return .refundQuery(try refund()) }
        if name.hasPrefix("refund") { return .refund(try refund()) }
        if name.hasPrefix("query") { return .query(try order()) }
        if name.hasPrefix("cancel") { return .cancel(try order()) }
        return .pay(try payment(code: code))
    }
}
