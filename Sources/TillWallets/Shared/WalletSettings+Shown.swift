// Part of Tillbridge. See LICENSE.

/// What people may see of an account's settings.
extension WalletSettings {
    /// Fields that name the merchant and open nothing.
    private static let publicNames: Set<String> = [
        "appID", "mchID", "merID", "opUserID", "merchantSerial", "wechatpayPublicKeyID", "certID",
    ]

    /// The names of the fields that are filled in, sorted.
    package var fieldNames: [String] { fields.filter { !$0.value.isEmpty }.keys.sorted() }

    /// The last four characters of each field that names the merchant. Shorter ones are not shown.
    package var publicEnds: [(name: String, end: String)] {
        fieldNames.compactMap { name in
            guard WalletSettings.publicNames.contains(name), let value = fields[name], value.utf8.count > 4 else {
                return nil
            }
            return (name, String(value.suffix(4)))
        }
    }

    /// The fields that hold certificates, PEM. Each holds nothing else.
    package var certificates: [(name: String, pem: String)] {
        fieldNames.compactMap { name in
            guard let value = fields[name], value.contains("-----BEGIN CERTIFICATE-----") else { return nil }
            return (name, value)
        }
    }
}
