// Part of Tillbridge. See LICENSE.
import CryptoExtras
import Foundation
import SwiftASN1
import TillSandbox
import X509

extension RunningSandbox {
    /// Whether a reply carries the wallet's signature over the bytes that arrived.
    func hasValidSignature(_ reply: Reply, _ wallet: SandboxWallet) throws -> Bool {
        switch wallet {
        case .alipay:
            guard let start = reply.body.firstIndex(of: UInt8(ascii: ":")),
                let mark = reply.body.firstRange(of: Array(#","sign":""#.utf8))
            else { return false }
            let node = reply.body[reply.body.index(after: start)..<mark.lowerBound]
            let sign = String(decoding: reply.body[mark.upperBound...].dropLast(2), as: UTF8.self)
            guard let data = Data(base64Encoded: sign) else { return false }
            let key = try _RSA.Signing.PublicKey(pemRepresentation: keys.alipay.alipayPublicKey)
            return key.isValidSignature(
                .init(rawRepresentation: data),
                for: Data(node),
                padding: .insecurePKCS1v1_5
            )
        case .wechatpay:
            let xml = try FlatXML(parsing: reply.body)
            return xml["sign"] == WeChatSignature.sign(xml.fields, key: keys.wechatpay.apiKey, kind: .md5)
        case .qqwallet:
            let xml = try FlatXML(parsing: reply.body)
            return xml["sign"] == QQSignature.sign(xml.fields, key: keys.qqwallet.apiKey)
        case .unionpay:
            guard let pem = reply.union("signPubKeyCert"), let sign = reply.union("signature"),
                let data = Data(base64Encoded: sign)
            else { return false }
            let certificate = try Certificate(pemEncoded: pem)
            guard let key = _RSA.Signing.PublicKey(certificate.publicKey) else { return false }
            let text = UnionPaySignature.signedText(of: reply.unionFields)
            return key.isValidSignature(
                .init(rawRepresentation: data),
                for: Data(UnionPaySignature.digest(of: text).utf8),
                padding: .insecurePKCS1v1_5
            )
        }
    }
}
