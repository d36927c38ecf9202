// Part of Tillbridge. See LICENSE.

/// One row to store. Rows of one call are stored together, before the call is answered.
package enum Change: Equatable, Sendable {
    case code(IssuedCode)
    case shopper(Shopper)
    case trade(Trade)
    case entry(LedgerEntry)
    case fence(SandboxWallet, String)
    case latePay(LatePay)
    case latePayDone(SandboxWallet, String)
    /// Policies, faults and the clock, as JSON text.
    case setting(name: String, value: String)
}
