// Part of Tillbridge. See LICENSE.
import Foundation
import TillDomain
import TillEngine
import TillSandbox
import TillWallets

/// The sandbox's wallets in virtual time, without sockets: what a call's fault makes of it arrives as it would.
struct VirtualWallets: Sendable {
    enum Arrival: Sendable {
        case response(InboundResponse, after: Int64)
        /// The caller gives up, or the connection breaks.
        case nothing(after: Int64)
    }

    private typealias Door = @Sendable (inout SandboxState, WalletRequest, Int64) -> WalletDelivery.Course

    var state = SandboxState(pace: .real, seed: 1, realisticShoppers: false)
    private let doors: [(path: String, door: Door)]

    /// The first face whose path a request begins with takes it.
    init(faces: [(path: String, face: any WalletFace)]) {
        var doors: [(path: String, door: Door)] = []
        for (path, face) in faces { doors.append((path, Self.door(face))) }
        self.doors = doors
    }

    init(keys: SandboxKeys) throws {
        self.init(faces: [
            ("/gateway.do", try AlipayFace(keys: keys.alipay)),
            (AlipayBillFace.path, AlipayBillFace(keys: keys.alipay)),
            ("/v3/", try WeChatV3Face(keys: keys)),
            ("/cgi-bin/", QQFace(keys: keys.qqwallet)),
            ("/gateway/api/", try UnionPayFace(keys: keys.unionpay)),
            ("/pay/", WeChatFace(keys: keys.wechatpay)),
            ("/secapi/", WeChatFace(keys: keys.wechatpay)),
            // The host of UnionPay's files has no other path.
            ("/", try UnionPayFace(keys: keys.unionpay)),
        ])
    }

    private static func door(_ face: some WalletFace) -> Door {
        { state, request, now in
            switch face.read(request, policies: state.policies, realNow: now) {
            case .refused(let reply), .answered(let reply): return .reply(reply, wait: 0, over: 0)
            case .call(let call): return face.carryOut(call, on: &state, at: now).course
            }
        }
    }

    mutating func code(_ wallet: SandboxWallet, _ behaviour: Behaviour, at now: Timestamp) -> String {
        state.issueCode(
            wallet,
            behaviour: behaviour,
            shopper: nil,
            balance: nil,
            life: TradeBook.codeLife,
            at: now.milliseconds
        ).code
    }

    /// One call, until its answer or until the caller's patience ends.
    mutating func call(_ request: OutboundRequest, at now: Timestamp) -> Arrival {
        state.settle(until: now.milliseconds)
        let parts = request.target.split(separator: "?", maxSplits: 1).map(String.init)
        var headers = ["host": "127.0.0.1:7300"]
        for header in request.headers { headers[header.name.lowercased()] = header.value }
        let arrived = WalletRequest(
            method: request.method,
            path: parts[0],
            query: parts.count > 1 ? parts[1] : "",
            contentType: headers["content-type"] ?? "",
            body: request.body,
            clientCertificate: .plainPort,
            headers: headers
        )
        guard let place = doors.first(where: { parts[0].hasPrefix($0.path) }) else {
            preconditionFailure("a path that no wallet has")
        }
        switch place.door(&state, arrived, now.milliseconds) {
        case .reset: return .nothing(after: 0)
        case .silence(let span): return .nothing(after: min(span, request.readTimeout))
        case .reply(let reply, let wait, let over):
            let span = wait + over
            guard span < request.readTimeout else { return .nothing(after: request.readTimeout) }
            let headers = InboundResponse.headerNames.compactMap { name in
                reply.headers.first { $0.key.lowercased() == name.lowercased() }
                    .map { OutboundRequest.Header(name: name, value: $0.value) }
            }
            return .response(
                InboundResponse(
                    status: reply.status,
                    headers: headers,
                    body: reply.body,
                    receivedAt: now + span
                ),
                after: span
            )
        }
    }
}
