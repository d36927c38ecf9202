// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation

/// A bill's download: the address is all there is, and nothing is signed.
package struct AlipayBillCall: WalletCall {
    /// Nil for an address that was never given out.
    package let ticket: BillTicket?

    package var operation: SandboxOperation { .bill }
    package var merchantOrderNumber: String? { nil }
    package var payRequest: PayRequest? { nil }
}

/// Serves the files at the addresses that ``AlipayFace`` gives out.
package struct AlipayBillFace: WalletFace {
    package static let path = "/downloadBillFile.resource"

    package let wallet = SandboxWallet.alipay
    private let account: String
    private let key: SymmetricKey

    package init(keys: SandboxKeys.Alipay) {
        account = "2088" + keys.appID.suffix(12)
        key = AlipayBillFace.key(of: keys)
    }

    /// Proves that an address was given out by this sandbox.
    static func key(of keys: SandboxKeys.Alipay) -> SymmetricKey {
        SymmetricKey(data: SHA256.hash(data: Data(keys.walletPrivateKey.utf8)))
    }

    package func read(_ request: WalletRequest, policies: Policies, realNow: Int64) -> Reading<AlipayBillCall> {
        let token = FormFields.parse(urlEncoded: request.query.utf8).first { $0.name == "token" }?.value ?? []
        return .call(AlipayBillCall(ticket: BillTicket(String(decoding: token, as: UTF8.self), key: key)))
    }

    /// Nil where the address is too old or was never given out.
    package func execute(
        _ call: AlipayBillCall,
        on state: inout SandboxState,
        at now: Int64,
        course: RefundCourse
    ) -> AlipayBill? {
        guard let ticket = call.ticket, now < ticket.expiresAt,
            let period = BillPeriod(day: ticket.date) ?? BillPeriod(month: ticket.date)
        else { return nil }
        return AlipayBill(
            account: account,
            period: period,
            lines: state.alipay.book.billLines(in: period),
            madeAt: now
        )
    }

    package func reply(_ bill: AlipayBill?, to call: AlipayBillCall, distortion: Distortion) -> WalletReply {
        guard let bill else { return WalletReply.page(status: 403, title: "403 Forbidden") }
        return WalletReply(status: 200, contentType: "application/zip", body: bill.archive, outcome: "10000")
    }

    package func reply(_ substitute: SubstituteAnswer, to call: AlipayBillCall) -> WalletReply {
        WalletReply.page(status: 503, title: "503 Service Unavailable")
    }
}
