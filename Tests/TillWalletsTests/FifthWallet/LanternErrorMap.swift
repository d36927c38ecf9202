// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

@testable import TillWallets

/// What Lantern's states and codes mean, call by call. Whatever is not listed is unknown.
enum LanternErrorMap {
    private static let account = ["SIGN", "MERCHANT"]
    private static let request = ["FORMAT", "TIME"]

    static let states = CodeTable<TradeState>(
        .init(.paid, "PAID"),
        .init(.other(.open), "TYPING"),
        .init(.other(.closed), "CLOSED", "RETURNED")
    )

    static let refundStates = CodeTable<RefundQueryOutcome>(.init(.done, "DONE"), .init(.pending, "TAKEN"))

    static let codes = CallCodes(
        pay: CodeTable(
            .init(.unknown(.walletUnsure), "BUSY"),
            .init(.unknown(.alreadyUsed), "ORDER_USED"),
            .init(.declined(.codeInvalid), "CODE_UNKNOWN"),
            .init(.declined(.codeUsed), "CODE_USED"),
            .init(.declined(.codeExpired), "CODE_EXPIRED"),
            .init(.declined(.insufficientFunds), "BALANCE"),
            .init(.declined(.risk), "RISK"),
            .init(.declined(.merchantConfiguration), alarm: .merchantAccount, group: account),
            .init(.declined(.merchantConfiguration), alarm: .ourRequest, group: request)
        ),
        query: CodeTable(
            .init(.unknown(.walletUnsure), "BUSY"),
            .init(.notFound, "NO_ORDER"),
            .init(.unknown(.notProcessed), alarm: .merchantAccount, group: account),
            .init(.unknown(.notProcessed), alarm: .ourRequest, group: request)
        ),
        cancel: CodeTable(
            .init(.retry, "BUSY", "AGAIN"),
            .init(.notFound, "NO_ORDER"),
            .init(.refused, "TOO_LATE"),
            .init(.unknown(.notProcessed), alarm: .merchantAccount, group: account),
            .init(.unknown(.notProcessed), alarm: .ourRequest, group: request)
        ),
        refund: CodeTable(
            .init(.retry, "BUSY"),
            .init(.failed(.other), "NO_ORDER", "REFUSED"),
            .init(.unknown(.notProcessed), alarm: .merchantAccount, group: account),
            .init(.unknown(.notProcessed), alarm: .ourRequest, group: request)
        ),
        refundQuery: CodeTable(
            .init(.unknown(.walletUnsure), "BUSY"),
            .init(.notFound, "NO_ORDER", "NO_REFUND"),
            .init(.unknown(.notProcessed), alarm: .merchantAccount, group: account),
            .init(.unknown(.notProcessed), alarm: .ourRequest, group: request)
        )
    )

    /// - Parameter trade: The answer's trade. Without one, *paid* has no reading.
    static func paid(_ state: String, _ trade: WalletTrade?) -> WalletReading? {
        switch state {
        case "PAID": trade.map { WalletReading(outcome: .pay(.paid($0)), code: state) }
        case "TYPING": WalletReading(outcome: .pay(.waitingForShopper), code: state)
        default: WalletReading(outcome: .pay(.unknown(.unlistedCode)), code: state, alarm: .unlistedCode)
        }
    }

    static func cancelled(_ state: String) -> WalletReading {
        switch state {
        case "CLOSED": WalletReading(outcome: .cancel(.closed), code: state)
        case "RETURNED": WalletReading(outcome: .cancel(.refunded), code: state)
        default: WalletReading(outcome: .cancel(.unknown(.unlistedCode)), code: state, alarm: .unlistedCode)
        }
    }

    static func refunded(_ state: String) -> WalletReading {
        switch state {
        case "DONE": WalletReading(outcome: .refund(.done), code: state)
        case "TAKEN": WalletReading(outcome: .refund(.accepted), code: state)
        default: WalletReading(outcome: .refund(.unknown(.unlistedCode)), code: state, alarm: .unlistedCode)
        }
    }
}
