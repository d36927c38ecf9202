// Part of Tillbridge. See LICENSE.
import TillEngine
import TillWallets

/// Answers that arrive at the sample's moment.
extension WalletAdapter {
    func read(_ response: InboundResponse, of operation: WalletOperation) -> WalletReading {
        read(response, of: operation, at: Sample.now)
    }

    func outcome(of operation: WalletOperation, from response: InboundResponse) -> WalletOutcome {
        read(response, of: operation).outcome
    }
}
