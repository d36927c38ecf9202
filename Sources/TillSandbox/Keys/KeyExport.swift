// Part of Tillbridge. See LICENSE.
import CryptoExtras

/// The merchant's side of the keys, as `sandbox.json` has it: what an integrator needs to talk to the wallets.
package struct KeyExport: Codable, Sendable {
    package struct Alipay: Codable, Sendable {
        package let appID: String
        package let merchantPrivateKeyPKCS1: String
        package let merchantPrivateKeyPKCS8: String
        package let alipayPublicKey: String
    }

    package struct WeChatPay: Codable, Sendable {
        package let appID: String
        package let mchID: String
        package let apiKey: String
        package let apiV3Key: String
        package let merchantSerial: String
        package let merchantPrivateKey: String
        package let wechatpayPublicKeyID: String
        package let wechatpayPublicKey: String
        package let clientCertificate: String
        package let clientKey: String
    }

    package struct QQWallet: Codable, Sendable {
        package let mchID: String
        package let apiKey: String
        package let opUserID: String
        package let opUserPassword: String
        package let clientCertificate: String
        package let clientKey: String
    }

    package struct UnionPay: Codable, Sendable {
        package let merID: String
        package let certID: String
        package let signCertificate: String
        package let signPrivateKey: String
        package let rootCertificate: String
        package let middleCertificate: String
    }

    package let baseURL: String
    package let tlsBaseURL: String?
    package let caCertificate: String
    package let alipay: Alipay
    package let wechatpay: WeChatPay
    package let qqwallet: QQWallet
    package let unionpay: UnionPay

    package init(keys: SandboxKeys, baseURL: String, tlsBaseURL: String?) {
        self.baseURL = baseURL
        self.tlsBaseURL = tlsBaseURL
        caCertificate = keys.tls.authority
        alipay = Alipay(
            appID: keys.alipay.appID,
            merchantPrivateKeyPKCS1: keys.alipay.merchantPrivateKeyPKCS1,
            merchantPrivateKeyPKCS8: keys.alipay.merchantPrivateKeyPKCS8,
            alipayPublicKey: keys.alipay.walletPublicKey
        )
        wechatpay = WeChatPay(
            appID: keys.wechatpay.appID,
            mchID: keys.wechatpay.mchID,
            apiKey: keys.wechatpay.apiKey,
            apiV3Key: keys.wechatpayV3.apiV3Key,
            merchantSerial: keys.wechatpayV3.merchantSerial,
            merchantPrivateKey: keys.wechatpayV3.merchantPrivateKey,
            wechatpayPublicKeyID: keys.wechatpayV3.walletPublicKeyID,
            wechatpayPublicKey: keys.wechatpayV3.walletPublicKey,
            clientCertificate: keys.tls.clientCertificate,
            clientKey: keys.tls.clientKey
        )
        qqwallet = QQWallet(
            mchID: keys.qqwallet.mchID,
            apiKey: keys.qqwallet.apiKey,
            opUserID: keys.qqwallet.opUserID,
            opUserPassword: keys.qqwallet.opUserPassword,
            clientCertificate: keys.qqwallet.clientCertificate,
            clientKey: keys.qqwallet.clientKey
        )
        unionpay = UnionPay(
            merID: keys.unionpay.merID,
            certID: keys.unionpay.certID,
            signCertificate: keys.unionpay.signCertificate,
            signPrivateKey: keys.unionpay.signPrivateKey,
            rootCertificate: keys.unionpay.rootCertificate,
            middleCertificate: keys.unionpay.middleCertificate
        )
    }

    private var unionPayKeyPKCS1: String {
        get throws { try _RSA.Signing.PrivateKey(pemRepresentation: unionpay.signPrivateKey).pemRepresentation }
    }

    /// Writes `sandbox.json` and the PEM files, each with mode 0600.
    package func write(to folder: String) throws {
        try PrivateFile.makeFolder(folder)
        for (name, text) in [
            ("sandbox-ca.pem", caCertificate),
            ("alipay-merchant-private-key-pkcs1.pem", alipay.merchantPrivateKeyPKCS1),
            ("alipay-merchant-private-key-pkcs8.pem", alipay.merchantPrivateKeyPKCS8),
            ("alipay-public-key.pem", alipay.alipayPublicKey),
            ("wechatpay-merchant-private-key.pem", wechatpay.merchantPrivateKey),
            ("wechatpay-public-key.pem", wechatpay.wechatpayPublicKey),
            ("wechatpay-client-certificate.pem", wechatpay.clientCertificate),
            ("wechatpay-client-key.pem", wechatpay.clientKey),
            ("qqwallet-client-certificate.pem", qqwallet.clientCertificate),
            ("qqwallet-client-key.pem", qqwallet.clientKey),
            ("unionpay-sign-certificate.pem", unionpay.signCertificate),
            ("unionpay-sign-private-key-pkcs8.pem", unionpay.signPrivateKey),
            ("unionpay-sign-private-key-pkcs1.pem", try unionPayKeyPKCS1),
            ("unionpay-root-certificate.pem", unionpay.rootCertificate),
            ("unionpay-middle-certificate.pem", unionpay.middleCertificate),
        ] {
            try PrivateFile.write(text + "\n", to: folder + "/" + name)
        }
        // Last: whoever waits for this file finds the others beside it.
        try PrivateFile.write(try JSONText.encode(self) + "\n", to: folder + "/sandbox.json")
    }
}
