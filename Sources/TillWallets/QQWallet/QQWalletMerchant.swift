// Part of Tillbridge. See LICENSE.
import Crypto
import TillDomain

/// What the settings say of the merchant. The operator's password is kept as the hash that is sent.
struct QQWalletMerchant: Sendable, CustomStringConvertible, CustomReflectable {
    /// Nil where the merchant has none: the field is optional.
    let appID: [UInt8]?
    let id: [UInt8]
    let operatorID: [UInt8]
    /// MD5, lower-case hexadecimal.
    let operatorPassword: [UInt8]
    /// The address of the calling machine, which the wallet wants in each payment.
    let machine: [UInt8]
    /// Where the wallet sends its notices. Nothing depends on them, but the wallet's samples always name an address.
    let notices: [UInt8]

    init(_ settings: WalletSettings) throws(WalletSettingsError) {
        func token(
            _ name: String,
            _ value: String,
            _ limit: Int,
            _ advice: String
        ) throws(WalletSettingsError) -> [UInt8] {
            guard let token = DisplayText.token([UInt8](value.utf8), limit: limit) else {
                throw settings.unusable(name, advice)
            }
            return token
        }
        let identifier = "it is at most 32 letters and digits, without spaces"
        if let value = settings.optional("appID") {
            appID = try token("appID", value, 32, identifier)
        } else {
            appID = nil
        }
        id = try token("mchID", settings.required("mchID"), 32, identifier)
        operatorID = try token("opUserID", settings.required("opUserID"), 32, identifier)
        let password = try settings.required("opUserPassword")
        operatorPassword = Hex.encode([UInt8](Insecure.MD5.hash(data: [UInt8](password.utf8))))
        machine = try token(
            "machineAddress",
            settings.optional("machineAddress") ?? "127.0.0.1",
            16,
            "it is the IPv4 address from which this cloud calls the wallet"
        )
        notices = try token(
            "notifyURL",
            settings.optional("notifyURL") ?? "https://notices.invalid/qqwallet",
            256,
            "it is the address to which the wallet sends notices, at most 256 characters"
        )
    }

    var description: String { "QQ Wallet merchant (masked)" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
