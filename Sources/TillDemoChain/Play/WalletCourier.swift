// Part of Tillbridge. See LICENSE.
package import TillDomain
import TillEngine
package import TillSandbox
package import TillWallets

/// Carries a call from the adapter that makes it to the sandbox's wallet that takes it, and the answer back, without a
/// network and at any moment. Both sides sign and check as they always do.
package struct WalletCourier: Sendable {
    private let accounts: [Wallet: WalletAccount]
    private let alipay: AlipayFace
    private let weChat: WeChatFace
    private let qq: QQFace
    private let union: UnionPayFace

    /// - Parameter accounts: One for each wallet.
    package init(accounts: [WalletAccount], keys: SandboxKeys) throws {
        self.accounts = Dictionary(accounts.map { ($0.wallet, $0) }) { $1 }
        alipay = try AlipayFace(keys: keys.alipay)
        weChat = WeChatFace(keys: keys.wechatpay)
        qq = QQFace(keys: keys.qqwallet)
        union = try UnionPayFace(keys: keys.unionpay)
    }

    /// One call.
    /// - Returns: Nil where the wallet's answer was lost.
    func send(
        _ operation: WalletOperation,
        to wallet: SandboxWallet,
        on state: inout SandboxState,
        at now: Timestamp,
        using generator: inout SeededGenerator
    ) throws -> WalletOutcome? {
        guard let account = accounts[wallet.domainName] else { return nil }
        let request = try account.adapter.request(
            for: operation,
            at: now,
            message: MessageID(generator.next(), generator.next())
        )
        let host = account.baseURL(for: request).split(separator: "/").last.map(String.init) ?? ""
        var headers = ["host": host]
        for header in request.headers { headers[header.name.lowercased()] = header.value }
        let arrived = WalletRequest(
            method: request.method,
            path: request.path,
            query: String(request.target.dropFirst(request.path.count + 1)),
            contentType: headers["content-type"] ?? "",
            body: request.body,
            clientCertificate: .plainPort,
            headers: headers
        )
        state.settle(until: now.milliseconds)
        let reply =
            switch wallet {
            case .alipay: take(arrived, alipay, &state, now)
            case .wechatpay: take(arrived, weChat, &state, now)
            case .qqwallet: take(arrived, qq, &state, now)
            case .unionpay: take(arrived, union, &state, now)
            }
        guard let reply else { return nil }
        let response = InboundResponse(
            status: reply.status,
            headers: InboundResponse.headerNames.compactMap { name in
                reply.headers[name].map { OutboundRequest.Header(name: name, value: $0) }
            },
            body: reply.body,
            receivedAt: now
        )
        return account.adapter.read(response, of: operation).outcome
    }

    private func take<Face: WalletFace>(
        _ request: WalletRequest,
        _ face: Face,
        _ state: inout SandboxState,
        _ now: Timestamp
    ) -> WalletReply? {
        switch face.read(request, policies: state.policies, realNow: now.milliseconds) {
        case .refused(let reply), .answered(let reply): return reply
        case .call(let call):
            guard case .reply(let reply, _, _) = face.carryOut(call, on: &state, at: now.milliseconds).course else {
                return nil
            }
            return reply
        }
    }
}

extension SandboxWallet {
    /// The same wallet by its name in intents and accounts.
    package var domainName: Wallet {
        switch self {
        case .alipay: .alipay
        case .wechatpay: .weChatPay
        case .qqwallet: .qqWallet
        case .unionpay: .unionPay
        }
    }
}
