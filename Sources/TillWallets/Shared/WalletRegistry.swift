// Part of Tillbridge. See LICENSE.
package import TillDomain
package import TillEngine

/// Wallets that can be spoken to: one row per wallet and protocol version. The first row of a wallet is the version that
/// its accounts speak unless they ask for another.
package struct WalletRegistry: Sendable {
    package let rows: [Row]

    package struct Row: Sendable {
        package let wallet: Wallet
        /// The version of the wallet's protocol, as the payment account names it.
        package let version: String
        /// The wallet's part of an exported settings file such as `sandbox.json`.
        package let section: String
        package let schedule: WalletSchedule
        /// Parses the account's keys, once, and makes its adapter.
        let open: @Sendable (WalletSettings) throws(WalletSettingsError) -> OpenedAdapter
    }

    struct OpenedAdapter: Sendable {
        let adapter: any WalletAdapter
        var clientCertificate: ClientCertificate?
    }

    /// All that this build speaks to. A new wallet is a folder and a row here.
    package static let standard = WalletRegistry(
        rows: [
            Row(
                wallet: .alipay,
                version: "openapi-1.0",
                section: "alipay",
                schedule: .alipay,
                open: { settings throws(WalletSettingsError) in try AlipayClient.open(settings) }
            ),
            Row(
                wallet: .weChatPay,
                version: "v2",
                section: "wechatpay",
                schedule: .weChatPay,
                open: { settings throws(WalletSettingsError) in try WeChatPayClient.open(settings) }
            ),
            Row(
                wallet: .weChatPay,
                version: "v3",
                section: "wechatpay",
                schedule: .weChatPay,
                open: { settings throws(WalletSettingsError) in try WeChatPayV3Client.open(settings) }
            ),
            Row(
                wallet: .qqWallet,
                version: "v1",
                section: "qqwallet",
                schedule: .qqWallet,
                open: { settings throws(WalletSettingsError) in try QQWalletClient.open(settings) }
            ),
            Row(
                wallet: .unionPay,
                version: "acp-5.1.0",
                section: "unionpay",
                schedule: .unionPay,
                open: { settings throws(WalletSettingsError) in try UnionPayClient.open(settings) }
            ),
        ]
    )

    package func row(wallet: Wallet, version: String) -> Row? {
        rows.first { $0.wallet == wallet && $0.version == version }
    }

    package func speaks(to wallet: Wallet) -> Bool { rows.contains { $0.wallet == wallet } }

    package func isFirst(_ version: String, of wallet: Wallet) -> Bool {
        rows.first { $0.wallet == wallet }?.version == version
    }

    /// Opens an account from its stored settings.
    package func account(from settings: WalletSettings) throws(WalletSettingsError) -> WalletAccount {
        guard let row = row(wallet: settings.wallet, version: settings.version) else {
            throw WalletSettingsError(
                "Payment account: this version does not speak protocol \(settings.version) of \(settings.wallet)."
            )
        }
        let opened = try row.open(settings)
        return WalletAccount(
            wallet: row.wallet,
            version: row.version,
            baseURL: settings.baseURL,
            certificateBaseURL: settings.certificateBaseURL,
            authority: settings.authority,
            clientCertificate: opened.clientCertificate,
            adapter: opened.adapter
        )
    }
}

/// A certificate that the wallet gave the merchant, with its private key, both PEM.
package struct ClientCertificate: Equatable, Sendable, CustomStringConvertible, CustomReflectable {
    package let certificate: String
    package let key: String

    package init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }

    package var description: String { "client certificate (masked)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// A payment account, ready to be used.
package struct WalletAccount: Sendable {
    package let wallet: Wallet
    package let version: String
    /// Without a trailing slash, for example `https://api.mch.weixin.qq.com`.
    package let baseURL: String
    /// Where the calls go that need the client certificate.
    package let certificateBaseURL: String
    /// Authorities to trust in place of the system's, PEM.
    package let authority: String?
    package let clientCertificate: ClientCertificate?
    package let adapter: any WalletAdapter

    package init(
        wallet: Wallet,
        version: String,
        baseURL: String,
        certificateBaseURL: String,
        authority: String?,
        clientCertificate: ClientCertificate?,
        adapter: any WalletAdapter
    ) {
        self.wallet = wallet
        self.version = version
        self.baseURL = baseURL
        self.certificateBaseURL = certificateBaseURL
        self.authority = authority
        self.clientCertificate = clientCertificate
        self.adapter = adapter
    }

    package func baseURL(for request: OutboundRequest) -> String {
        request.needsClientCertificate ? certificateBaseURL : baseURL
    }
}
