// Part of Tillbridge. See LICENSE.
import FoundationEssentials
package import TillDomain

/// The settings of one payment account: where its wallet is, and the wallet's section of an exported file with the
/// merchant's keys. ``document`` is what a cloud encrypts and stores; it is never logged.
package struct WalletSettings: Equatable, Sendable, CustomStringConvertible, CustomReflectable {
    package let wallet: Wallet
    package let version: String
    package let baseURL: String
    package let certificateBaseURL: String
    /// Authorities to trust in place of the system's, PEM; for wallets that are not on the public network.
    package let authority: String?
    /// The wallet's own fields: names and texts.
    let fields: [String: String]

    package init(
        wallet: Wallet,
        version: String,
        baseURL: String,
        certificateBaseURL: String? = nil,
        authority: String? = nil,
        fields: [String: String]
    ) throws(WalletSettingsError) {
        self.wallet = wallet
        self.version = version
        self.baseURL = try WalletSettings.checked(baseURL, of: wallet)
        self.certificateBaseURL = try WalletSettings.checked(certificateBaseURL ?? baseURL, of: wallet)
        self.authority = authority
        self.fields = fields
    }

    /// Reads what ``document`` wrote.
    package init(document: [UInt8]) throws(WalletSettingsError) {
        let stored: Stored
        do {
            stored = try JSONDecoder().decode(Stored.self, from: Data(document))
        } catch {
            throw WalletSettingsError("The stored settings of a payment account cannot be read: add the account again.")
        }
        guard let wallet = Wallet(stored.wallet.utf8) else {
            throw WalletSettingsError("The stored settings of a payment account name the wallet \(stored.wallet).")
        }
        try self.init(
            wallet: wallet,
            version: stored.version,
            baseURL: stored.baseURL,
            certificateBaseURL: stored.certificateBaseURL,
            authority: stored.authority,
            fields: stored.fields
        )
    }

    package var document: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let stored = Stored(
            wallet: wallet.description,
            version: version,
            baseURL: baseURL,
            certificateBaseURL: certificateBaseURL,
            authority: authority,
            fields: fields
        )
        // Texts only: nothing that an encoder could refuse.
        guard let data = try? encoder.encode(stored) else { preconditionFailure("texts always encode") }
        return [UInt8](data)
    }

    /// The accounts of an exported file such as `sandbox.json`, one for each wallet in it that the registry knows.
    ///
    /// - Parameter version: A protocol version. Only the wallets that have it become accounts; without it all do, each in
    ///   its first version.
    package static func exported(
        in file: [UInt8],
        version: String? = nil,
        by registry: WalletRegistry = .standard
    ) throws(WalletSettingsError) -> [WalletSettings] {
        let export: Export
        do {
            export = try JSONDecoder()
                .decode(Export.self, from: Data(file), configuration: registry.rows.map(\.section))
        } catch {
            throw WalletSettingsError("The file with the wallets' keys is not a JSON object with a baseURL in it.")
        }
        var all: [WalletSettings] = []
        for row in registry.rows {
            guard version.map({ $0 == row.version }) ?? registry.isFirst(row.version, of: row.wallet),
                let fields = export.sections[row.section]
            else { continue }
            all.append(
                try WalletSettings(
                    wallet: row.wallet,
                    version: row.version,
                    baseURL: export.baseURL,
                    certificateBaseURL: export.tlsBaseURL,
                    authority: export.caCertificate,
                    fields: fields
                )
            )
        }
        return all
    }

    /// A field that the wallet's adapter cannot do without.
    func required(_ name: String) throws(WalletSettingsError) -> String {
        guard let value = fields[name], !value.isEmpty else {
            throw WalletSettingsError("Payment account of \(wallet): \(name) is missing, add it to the file.")
        }
        return value
    }

    func optional(_ name: String) -> String? {
        fields[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Both halves or neither: without it nothing can be undone, except at a sandbox on this machine.
    func clientCertificate() throws(WalletSettingsError) -> ClientCertificate? {
        if optional("clientCertificate") == nil, optional("clientKey") == nil, certificateBaseURL.hasPrefix("http://") {
            return nil
        }
        return ClientCertificate(certificate: try required("clientCertificate"), key: try required("clientKey"))
    }

    /// The sentence for a field that is there and cannot be used. It never shows the value.
    func unusable(_ name: String, _ advice: String) -> WalletSettingsError {
        WalletSettingsError("Payment account of \(wallet): \(name) cannot be used: \(advice).")
    }

    static func checked(_ url: String, of wallet: Wallet) throws(WalletSettingsError) -> String {
        var url = url
        while url.hasSuffix("/") { url.removeLast() }
        guard url.hasPrefix("https://") || url.hasPrefix("http://"),
            url.utf8.allSatisfy({ (33...126).contains($0) })
        else {
            throw WalletSettingsError(
                "Payment account of \(wallet): the base URL must begin with https:// (or http:// on this machine)."
            )
        }
        return url
    }

    package var description: String { "settings of \(wallet) \(version) at \(baseURL) (keys masked)" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    private struct Stored: Codable {
        let wallet: String
        let version: String
        let baseURL: String
        let certificateBaseURL: String
        let authority: String?
        let fields: [String: String]
    }

    private struct Export: DecodableWithConfiguration {
        struct Key: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        let baseURL: String
        let tlsBaseURL: String?
        let caCertificate: String?
        let sections: [String: [String: String]]

        /// - Parameter configuration: The names of the sections that are looked at.
        init(from decoder: any Decoder, configuration: [String]) throws {
            let container = try decoder.container(keyedBy: Key.self)
            baseURL = try container.decode(String.self, forKey: Key(stringValue: "baseURL"))
            tlsBaseURL = try container.decodeIfPresent(String.self, forKey: Key(stringValue: "tlsBaseURL"))
            caCertificate = try container.decodeIfPresent(String.self, forKey: Key(stringValue: "caCertificate"))
            var sections: [String: [String: String]] = [:]
            for name in configuration {
                let key = Key(stringValue: name)
                guard container.contains(key) else { continue }
                sections[name] = try container.decode([String: String].self, forKey: key)
            }
            self.sections = sections
        }
    }
}
