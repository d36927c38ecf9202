// Part of Tillbridge. See LICENSE.

/// What the page asks for every second: the light, the last receipt, the recent sales.
struct TillStatus: Codable, Sendable {
    /// False: the plug-in does not answer. The tender key is dark then, too.
    var reachable: Bool
    /// The type of the problem with which the plug-in turns this till away, such as `/problems/unauthorized`.
    var refusal: String?
    var status: LaneStatus?
    /// For how long the lane has been undoing a payment, in seconds.
    var revokingSeconds: Int64?
    var lastReceipt: SaleRecord?
    var sales: [SaleRecord]
}

/// What the page needs once.
struct TillFacts: Codable, Sendable {
    var language: String
    var phone: String?
    var plugin: String
}

struct NewSale: Codable, Sendable { var saleRef: String }

struct PaymentOrder: Codable, Sendable {
    var saleRef: String
    var amount: Int64
    var paymentCode: String
    var `operator`: String?
    var items: [PaymentRequest.Item]?
    /// False plays a till that stops before it takes note of the payment. True where missing.
    var acknowledge: Bool?
}

struct CashOrder: Codable, Sendable {
    var saleRef: String
    var amount: Int64
}

struct ReleaseOrder: Codable, Sendable {
    var supervisorCode: String
    var reason: String
}

struct CashAnswer: Codable, Sendable {
    var outcome: String
    var saleRef: String
    var amount: Int64
}
