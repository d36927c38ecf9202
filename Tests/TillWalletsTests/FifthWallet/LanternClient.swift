// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

@testable import TillWallets

/// Lantern Pay, the example of a fifth wallet: JSON in a signed text.
///
/// - SeeAlso: `lantern.md`, the whole of its protocol.
struct LanternClient: WalletAdapter {
    let wallet = Wallet.lantern
    let schedule = WalletSchedule.lantern

    let codec: LanternCodec
    let signing: LanternSigning

    /// What makes it known: a registry with this row speaks to the wallet.
    static let row = WalletRegistry.Row(
        wallet: .lantern,
        version: "1",
        section: "lantern",
        schedule: .lantern,
        open: { settings throws(WalletSettingsError) in try LanternClient.open(settings) }
    )

    static func open(_ settings: WalletSettings) throws(WalletSettingsError) -> WalletRegistry.OpenedAdapter {
        guard let merchant = DisplayText.token([UInt8](try settings.required("merchant").utf8), limit: 32) else {
            throw settings.unusable("merchant", "it is at most 32 letters and digits, without spaces")
        }
        let key = try settings.required("key")
        guard key.utf8.count >= 32 else {
            throw settings.unusable("key", "it is the key that the merchant's portal shows, 32 characters or more")
        }
        return WalletRegistry.OpenedAdapter(
            adapter: LanternClient(
                codec: LanternCodec(merchant: merchant),
                signing: LanternSigning(key: [UInt8](key.utf8))
            )
        )
    }

    var statements: any StatementSource { self }

    // MARK: Out

    func request(
        for operation: WalletOperation,
        at now: Timestamp,
        message: MessageID
    ) throws(WalletError) -> OutboundRequest {
        request(
            LanternCodec.call(operation),
            try codec.content(operation, at: now, message: message),
            readTimeout: WalletTimeouts.read(operation)
        )
    }

    func request(_ call: StaticString, _ content: [UInt8], readTimeout: Int64) -> OutboundRequest {
        var body = JSONText()
        body.beginObject()
        body.text("content", content)
        body.text("sign", signing.sign(content))
        body.endObject()
        return OutboundRequest(
            target: "/v1/\(call)",
            headers: [OutboundRequest.Header(name: "Content-Type", value: "application/json")],
            body: body.bytes,
            connectTimeout: WalletTimeouts.connect,
            readTimeout: readTimeout
        )
    }

    // MARK: In

    func read(_ response: InboundResponse, of operation: WalletOperation) -> WalletReading {
        switch signing.content(response) {
        case .malformed: return WalletReading(outcome: operation.unknown(.malformed))
        case .forged: return WalletReading(outcome: operation.unknown(.badSignature), alarm: .forgedAnswer)
        case .signed(let content):
            let answer = LanternAnswer(content: content)
            // The signature does not cover what was asked, so that the answer must name it.
            guard answer.says(LanternCodec.call(operation).bytes, in: "call"),
                answer.says(codec.merchant, in: "merchant"), answer.says(operation.order.number.bytes, in: "order")
            else { return WalletReading(outcome: operation.unknown(.malformed), alarm: .forgedAnswer) }
            guard let result = answer.code("result") else {
                return WalletReading(outcome: operation.unknown(.malformed))
            }
            guard result == "OK" else { return LanternErrorMap.codes.reading(result, of: operation) }
            return success(answer, of: operation) ?? WalletReading(outcome: operation.unknown(.malformed))
        }
    }

    /// Nil where a field is missing or is about something else.
    private func success(_ answer: LanternAnswer, of operation: WalletOperation) -> WalletReading? {
        guard let state = answer.code("state") else { return nil }
        switch operation {
        case .pay:
            return LanternErrorMap.paid(state, answer.trade)
        case .query, .returns:
            return LanternErrorMap.states.reading(state, answer.trade)
        case .cancel:
            return LanternErrorMap.cancelled(state)
        case .refund(let refund):
            guard answer.isAbout(refund) else { return nil }
            return LanternErrorMap.refunded(state)
        case .refundQuery(let refund):
            guard answer.isAbout(refund) else { return nil }
            return LanternErrorMap.refundStates.reading(state)
        }
    }
}

extension Wallet {
    static let lantern: Wallet = {
        guard let wallet = Wallet("lantern".utf8) else { preconditionFailure("a name of letters") }
        return wallet
    }()
}

extension WalletSchedule {
    static let lantern = WalletSchedule(
        firstQuery: 3_000,
        thenEvery: 3_000,
        earliestReversal: 0,
        reversalWindow: .span(86_400_000),
        gateOpensOn: .final
    )
}
