// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine
import TillStore
import TillWallets

/// One call on its way, and what people may read of it afterwards.
struct WalletCall: Sendable {
    let operation: WalletOperation
    let request: OutboundRequest
    /// The random text that the request was made with.
    let message: MessageID

    /// - Parameters:
    ///   - milliseconds: From the first try to write to the answer.
    ///   - response: Nil where none came; then `silence` says why.
    func note(
        of account: OpenAccount,
        milliseconds: Int64,
        response: InboundResponse? = nil,
        reading: WalletReading? = nil,
        silence: WalletSilence? = nil
    ) -> WalletCallNote {
        let adapter = account.account.adapter
        let isForged = reading.map { reading in
            reading.alarm == .forgedAnswer || reading.outcome == operation.unknown(.badSignature)
        }
        let trouble: WalletCallNote.Trouble? =
            switch silence {
            case .neverLeft: .unreachable
            case .heldBack: .late
            case .noAnswer: .silent
            case nil: isForged == true ? .forged : nil
            }
        let answered = isForged == false ? response.map { adapter.shown(in: $0, of: operation) } : nil
        return WalletCallNote(
            call: operation.label,
            account: account.id,
            host: WalletLines.Origin.split(account.account.baseURL(for: request))?.authority ?? "",
            target: "\(request.method) \(request.path)",
            milliseconds: milliseconds,
            status: response?.status,
            trouble: trouble,
            asked: adapter.shown(of: operation, message: message).map { "\($0.name)=\($0.value)" },
            answered: (answered ?? []).map { "\($0.name)=\($0.value)" }
        )
    }
}
