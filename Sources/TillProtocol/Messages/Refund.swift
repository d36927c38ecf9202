// Part of Tillbridge. See LICENSE.
package import TillDomain

/// `/v1/refund`: goods were brought back. The same reference is the same refund.
package struct RefundRequest: WireMessage {
    package let id: MessageID
    package let orderNumber: OrderNumber
    package let reference: RefundReference
    /// Positive.
    package let amount: Money
    /// UTF-8, for people.
    package let reason: [UInt8]
    package let operatorName: [UInt8]

    package init(
        id: MessageID,
        orderNumber: OrderNumber,
        reference: RefundReference,
        amount: Money,
        reason: [UInt8],
        operatorName: [UInt8]
    ) {
        self.id = id
        self.orderNumber = orderNumber
        self.reference = reference
        self.amount = amount
        self.reason = reason
        self.operatorName = operatorName
    }

    package init(_ object: JSONObject) throws(MessageError) {
        id = try object.identifier("id", as: MessageID.self)
        orderNumber = try object.identifier("n", as: OrderNumber.self)
        reference = try object.identifier("reference", as: RefundReference.self)
        amount = try object.money("amount", in: 1...Int64(1) << 53 - 1)
        reason = try object.text("reason", length: 0...200)
        operatorName = try object.text("operator", length: 0...40)
    }

    package func write(to json: inout JSONWriter) {
        json.identifier("id", id)
        json.identifier("n", orderNumber)
        json.identifier("reference", reference)
        json.money("amount", amount)
        json.string("reason", reason)
        json.string("operator", operatorName)
    }
}

package enum RefundState: WireName, Hashable {
    case accepted, done, failed, refused

    package static let allCases: [RefundState] = [.accepted, .done, .failed, .refused]

    package var wireName: StaticString {
        switch self {
        case .accepted: "accepted"
        case .done: "done"
        case .failed: "failed"
        case .refused: "refused"
        }
    }
}

package struct RefundAnswer: WireMessage {
    package let head: AnswerHead
    package let orderNumber: OrderNumber
    package let reference: RefundReference
    /// Nil for a refund that was refused before it got a number.
    package let refundNumber: RefundNumber?
    package let state: Named<RefundState>
    /// UTF-8, for people; empty if there is none.
    package let reason: [UInt8]
    /// The sum of this payment's refunds so far, this one included once it is accepted.
    package let refunded: Money

    package init(
        head: AnswerHead,
        orderNumber: OrderNumber,
        reference: RefundReference,
        refundNumber: RefundNumber?,
        state: Named<RefundState>,
        reason: [UInt8],
        refunded: Money
    ) {
        self.head = head
        self.orderNumber = orderNumber
        self.reference = reference
        self.refundNumber = refundNumber
        self.state = state
        self.reason = reason
        self.refunded = refunded
    }

    package init(_ object: JSONObject) throws(MessageError) {
        head = try AnswerHead(object)
        orderNumber = try object.identifier("n", as: OrderNumber.self)
        reference = try object.identifier("reference", as: RefundReference.self)
        refundNumber = try object.optionalIdentifier("refundNumber", as: RefundNumber.self)
        state = try object.name("state", as: RefundState.self)
        reason = try object.optionalText("reason", length: 0...200) ?? []
        refunded = try object.money("refunded")
    }

    package func write(to json: inout JSONWriter) {
        json.identifier("id", head.id)
        json.identifier("n", orderNumber)
        json.identifier("reference", reference)
        if let refundNumber { json.identifier("refundNumber", refundNumber) }
        json.string("state", state.bytes)
        json.name("cloud", head.cloud)
        json.time("time", head.time)
        if !reason.isEmpty { json.string("reason", reason) }
        json.money("refunded", refunded)
    }
}
