// Part of Tillbridge. See LICENSE.
package import TillDomain
package import TillEngine

extension UnionPayClient {
    package func shown(of operation: WalletOperation, message: MessageID) -> [WalletFact] {
        // The very fields of the request, without the code, the keys' names and where the merchant is told.
        guard let fields = try? codec.fields(operation, certificateID: []) else { return [] }
        return WalletFact.list(["txnType", "txnSubType", "orderId", "txnTime", "txnAmt", "origOrderId"]) { fields[$0] }
    }

    package func shown(in response: InboundResponse, of operation: WalletOperation) -> [WalletFact] {
        guard let form = UnionPayForm(response.body) else { return [] }
        return WalletFact.list(["respCode", "origRespCode", "txnType", "orderId", "txnTime"]) { form[$0] }
    }
}
