// Part of Tillbridge. See LICENSE.
package import TillDomain
package import TillEngine

extension AlipayClient {
    private static let names = WalletFactNames(
        number: "out_trade_no",
        amount: "total_amount",
        refundNumber: "out_request_no",
        refundAmount: "refund_amount",
        money: { Yuan.text($0) }
    )

    package func shown(of operation: WalletOperation, message: MessageID) -> [WalletFact] {
        [WalletFact("method", AlipayCodec.method(operation).bytes)].compactMap(\.self)
            + AlipayClient.names.facts(of: operation)
    }

    package func shown(in response: InboundResponse, of operation: WalletOperation) -> [WalletFact] {
        let node = AlipayCodec.node(AlipayCodec.method(operation))
        guard response.body.count <= AlipayClient.answerLimit, let envelope = AlipayEnvelope(response.body, node: node),
            let members = JSONMembers(in: envelope.node, encoding: envelope.encoding)
        else { return [] }
        return WalletFact.list(
            ["code", "sub_code", "trade_status", "action", "retry_flag", "fund_change", "refund_status"]
        ) { members.value($0) }
    }
}
