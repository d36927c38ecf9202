// Part of Tillbridge. See LICENSE.
package import TillDomain
package import TillSandbox

/// One sale of a day by wallet, as the plan has it: what the register asks for and how it goes on.
package struct DaySale: Equatable, Sendable {
    /// Spans in milliseconds from the moment at which it was asked for.
    package enum Course: Equatable, Sendable {
        case pays
        case typesPassword(seconds: Int)
        /// The shopper is asked for the password and declines.
        case declines(after: Int64)
        /// The register waits until its time is over, and has the payment undone.
        case neverTypes
        case tooLittleMoney
        case expiredCode
        /// The cashier stops while the phone asks.
        case stopped(after: Int64)
        /// The wallet took the money and its answer was lost: a query finds it.
        case replyLost
        /// The same, and the cashier stops before anybody knows: the money goes back.
        case replyLostAndStopped(after: Int64)
        /// Paid, and the register dies before it says so: waits for a person.
        case unacknowledged
        /// The answer was lost, and whenever it is asked the wallet names another amount, so that no machine undoes it:
        /// waits for a person.
        case wrongAmount
    }

    /// What the service desk gives back of it later.
    package struct Return: Equatable, Sendable {
        /// Milliseconds after the payment.
        package let after: Int64
        package let amount: Money
        package let reason: String
        /// The wallet takes it on and does not manage it.
        package let fails: Bool
    }

    package let register: RegisterID
    package let at: Timestamp
    package let home: CloudName
    package let wallet: SandboxWallet
    package let items: [BasketItem]
    package let course: Course
    package internal(set) var comesBack: Return?

    package var amount: Money { Money(fen: items.reduce(0) { $0 + $1.quantity * $1.unitPrice.fen }) }
}
