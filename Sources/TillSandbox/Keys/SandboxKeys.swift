// Part of Tillbridge. See LICENSE.
import CryptoExtras
import Foundation

/// The identities and keys of one sandbox: the merchant's and the wallets'. Made once per data folder.
package struct SandboxKeys: Codable, Sendable {
    package struct Alipay: Codable, Sendable {
        package let appID: String
        package let merchantPrivateKeyPKCS1: String
        package let merchantPrivateKeyPKCS8: String
        package let merchantPublicKey: String
        /// The wallet's own key, with which it signs.
        package let walletPrivateKey: String
        package let walletPublicKey: String
    }

    package struct WeChatPay: Codable, Sendable {
        package let appID: String
        package let mchID: String
        package let apiKey: String
    }

    package let alipay: Alipay
    package let wechatpay: WeChatPay
    package let wechatpayV3: WeChatV3Keys
    package let qqwallet: QQWallet
    package let unionpay: UnionPay
    package let tls: SandboxCertificates

    /// Draws new keys.
    package static func make() throws -> SandboxKeys {
        let merchant = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let wallet = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let mchID = "19" + randomText(8, from: "0123456789")
        return SandboxKeys(
            alipay: Alipay(
                appID: "2021" + randomText(12, from: "0123456789"),
                merchantPrivateKeyPKCS1: merchant.pemRepresentation,
                merchantPrivateKeyPKCS8: merchant.pkcs8PEMRepresentation,
                merchantPublicKey: merchant.publicKey.pemRepresentation,
                walletPrivateKey: wallet.pemRepresentation,
                walletPublicKey: wallet.publicKey.pemRepresentation
            ),
            wechatpay: WeChatPay(
                appID: "wx" + randomText(16, from: "0123456789abcdef"),
                mchID: mchID,
                apiKey: randomText(32, from: "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
            ),
            wechatpayV3: try WeChatV3Keys.make(mchID: mchID),
            qqwallet: try QQWallet.make(),
            unionpay: try UnionPay.make(),
            tls: try SandboxCertificates.make(mchID: mchID)
        )
    }

    static func randomText(_ length: Int, from alphabet: String) -> String {
        var generator = SystemRandomNumberGenerator()
        return String((0..<length).compactMap { _ in alphabet.randomElement(using: &generator) })
    }

    /// Reads the keys of a data folder, or makes and stores them. Without a folder they are new each time.
    package static func load(folder: String?) throws -> SandboxKeys {
        guard let folder else { return try make() }
        let path = file(in: folder)
        guard FileManager.default.fileExists(atPath: path) else {
            let keys = try make()
            try keys.write(to: folder)
            return keys
        }
        let text = try PrivateFile.read(path)
        let keys: SandboxKeys
        do {
            keys = try JSONText.decode(SandboxKeys.self, from: text)
        } catch {
            throw SandboxError("\(path) is damaged: move it away, or name another folder with --data.")
        }
        // What was drawn because the file is older must be the same at the next start.
        let completed = try JSONText.encode(keys)
        if completed != text { try PrivateFile.write(completed, to: path) }
        return keys
    }

    /// Makes a data folder's keys these.
    package func write(to folder: String) throws {
        try PrivateFile.makeFolder(folder)
        try PrivateFile.write(try JSONText.encode(self), to: SandboxKeys.file(in: folder))
    }

    private static func file(in folder: String) -> String { folder + "/keys.json" }
}

extension SandboxKeys {
    /// A file from before a wallet was added lacks its keys: they are drawn, and nothing else changes.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        alipay = try container.decode(Alipay.self, forKey: .alipay)
        wechatpay = try container.decode(WeChatPay.self, forKey: .wechatpay)
        wechatpayV3 =
            try container.decodeIfPresent(WeChatV3Keys.self, forKey: .wechatpayV3)
            ?? .make(mchID: wechatpay.mchID)
        qqwallet = try container.decodeIfPresent(QQWallet.self, forKey: .qqwallet) ?? .make()
        unionpay = try container.decodeIfPresent(UnionPay.self, forKey: .unionpay) ?? .make()
        tls = try container.decode(SandboxCertificates.self, forKey: .tls)
    }
}
