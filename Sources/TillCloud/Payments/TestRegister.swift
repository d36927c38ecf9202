// Part of Tillbridge. See LICENSE.
import TillDomain

/// The register that every store keeps for test payments. No device can be enrolled under its number, so that only the
/// cloud itself pays for it, and its sale reference names the payment account: a store is tested before its registers
/// take the wallet.
package enum TestRegister {
    /// The register's own two characters.
    package static let suffix = "ZZ"
    private static let prefix = "TEST:"

    /// Nil for what is no store's code.
    static func id(of store: String) -> RegisterID? { RegisterID((store + suffix).utf8) }

    /// Nil for an account whose name is too long for it.
    static func saleReference(account: String) -> SaleReference? { SaleReference((prefix + account).utf8) }

    /// The account that a test payment names; nil for every other payment.
    static func account(of intent: Intent) -> String? {
        guard intent.orderNumber.register.bytes.suffix(2).elementsEqual(suffix.utf8) else { return nil }
        let reference = "\(intent.saleReference)"
        return reference.hasPrefix(prefix) ? String(reference.dropFirst(prefix.count)) : nil
    }
}
