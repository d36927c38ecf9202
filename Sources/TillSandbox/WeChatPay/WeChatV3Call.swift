// Part of Tillbridge. See LICENSE.

/// A call to WeChat Pay V3 that passed every check at the door.
package struct WeChatV3Call: WalletCall {
    package enum Content: Equatable, Sendable {
        /// The same as V2's.
        case books(WeChatCall.Content)
        /// Asks where a bill can be fetched; `origin` is the address by which the merchant reached the sandbox.
        case billAddress(WeChatBillRequest, origin: String)
        /// Fetches it; nil for an address that was never given out.
        case billFile(BillTicket?)
    }

    package let content: Content
    package let envelope: WeChatV3Envelope

    package var operation: SandboxOperation {
        switch content {
        case .books(let content): content.operation
        case .billAddress, .billFile: .bill
        }
    }

    package var payRequest: PayRequest? {
        guard case .books(let content) = content else { return nil }
        return content.payRequest
    }

    package var merchantOrderNumber: String? {
        guard case .books(let content) = content else { return nil }
        return content.merchantOrderNumber
    }
}

/// What signing a reply needs from the request.
package struct WeChatV3Envelope: Equatable, Sendable {
    /// Milliseconds since 1970 by the real clock, when the request was read.
    package let receivedAt: Int64
    /// The name of the wallet's key that the merchant can verify with.
    package let serial: String
}
