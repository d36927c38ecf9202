// Part of Tillbridge. See LICENSE.

/// What a merchant asks for when it wants a bill.
package struct AlipayBillRequest: Equatable, Sendable {
    package let type: String
    /// `yyyy-MM-dd` or `yyyy-MM`.
    package let date: String
    package let period: BillPeriod
    /// See ``WalletRequest/origin``.
    package let origin: String
}

package enum AlipayBillAnswer: Sendable {
    case address(BillTicket, origin: String, isEmpty: Bool)
    case refused(subCode: String)
}

extension AlipayFace {
    static let billMethod = "alipay.data.dataservice.bill.downloadurl.query"

    /// How long a download address lives. Wallet time.
    package static let billAddressLife: Int64 = 30_000

    func execute(_ request: AlipayBillRequest, on state: SandboxState, at now: Int64) -> AlipayBillAnswer {
        // Account movements and the platforms' bills have columns that no document at hand lists.
        guard request.type == "trade" else { return .refused(subCode: "TYPE_NOT_SUPPORTED") }
        guard now >= request.period.readyAt else { return .refused(subCode: "BILL_NOT_EXIST") }
        let ticket = BillTicket(
            kind: request.type,
            date: request.date,
            isCompressed: true,
            expiresAt: now + state.pace.wait(AlipayFace.billAddressLife)
        )
        let isEmpty = state.alipay.book.billLines(in: request.period).isEmpty
        return .address(ticket, origin: request.origin, isEmpty: isEmpty)
    }
}
