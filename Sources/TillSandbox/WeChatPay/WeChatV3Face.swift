// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation
import SwiftASN1
import X509

/// WeChat Pay V3: JSON over paths and methods, RSA signatures in headers, on the same books as V2.
package struct WeChatV3Face: WalletFace {
    package let wallet = SandboxWallet.wechatpay
    let keys: SandboxKeys.WeChatPay
    private let v3: WeChatV3Keys
    private let signature: WeChatV3Signature
    private let platform: Certificate
    /// Proves that a download address was given out here.
    let billKey: SymmetricKey

    /// A request's own time may be so far from ours. Seconds.
    private static let skew: Int64 = 300

    package init(keys: SandboxKeys) throws {
        self.keys = keys.wechatpay
        v3 = keys.wechatpayV3
        signature = try WeChatV3Signature(
            merchantPublicKey: v3.merchantPublicKey,
            walletPrivateKey: v3.walletPrivateKey
        )
        platform = try Certificate(pemEncoded: v3.platformCertificate)
        billKey = SymmetricKey(data: SHA256.hash(data: Data(v3.walletPrivateKey.utf8)))
    }

    /// The checks, in this order: authorization, merchant, certificate, time, signature, path, fields. SANDBOX CHOICE:
    /// whoever has not proved who they are is answered without a signature.
    package func read(_ request: WalletRequest, policies: Policies, realNow: Int64) -> Reading<WeChatV3Call> {
        let asked = request.headers["wechatpay-serial"]
        let envelope = WeChatV3Envelope(
            receivedAt: realNow,
            serial: asked == v3.walletPublicKeyID ? v3.walletPublicKeyID : platformSerial
        )
        do throws(WeChatV3Error) {
            try authenticate(request, realNow: realNow)
        } catch {
            return .refused(plain(error))
        }
        if request.method == "GET", request.path == "/v3/certificates" {
            return .answered(write(certificates(), status: 200, outcome: "200", to: envelope, distortion: .none))
        }
        do throws(WeChatV3Error) {
            let reader = WeChatV3ContentReader(request: request, keys: keys, billKey: billKey)
            return .call(WeChatV3Call(content: try reader.content(), envelope: envelope))
        } catch {
            return .refused(write(error, to: envelope, distortion: .none))
        }
    }

    private func authenticate(_ request: WalletRequest, realNow: Int64) throws(WeChatV3Error) {
        guard let pairs = WeChatV3Signature.pairs(of: request.headers["authorization"] ?? "") else {
            throw .signature("Http头Authorization值格式错误")
        }
        guard let mchID = pairs["mchid"], let nonce = pairs["nonce_str"], let timestamp = pairs["timestamp"],
            let serial = pairs["serial_no"], let given = pairs["signature"], !nonce.isEmpty
        else { throw .signature("Http头Authorization缺少必填项") }
        guard mchID == keys.mchID else {
            throw WeChatV3Error(status: 400, code: "MCH_NOT_EXISTS", message: "商户号不存在")
        }
        guard serial.uppercased() == v3.merchantSerial else { throw .signature("商户证书序列号有误") }
        guard let seconds = Int64(timestamp),
            (realNow / 1000 - WeChatV3Face.skew...realNow / 1000 + WeChatV3Face.skew).contains(seconds)
        else { throw .signature("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟") }
        let text = WeChatV3Signature.requestText(
            method: request.method,
            path: request.path + (request.query.isEmpty ? "" : "?" + request.query),
            timestamp: timestamp,
            nonce: nonce,
            body: request.body
        )
        guard signature.isValid(given, over: text) else { throw .signature("签名错误，请检查后再试") }
    }

    private var platformSerial: String {
        platform.serialNumber.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined()
    }

    /// The platform's certificate, which only the owner of the APIv3 key can read.
    private func certificates() -> [UInt8] {
        let nonce = WeChatV3Face.nonce(count: 12)
        let associated = "certificate"
        let key = SymmetricKey(data: Data(v3.apiV3Key.utf8))
        // Twelve bytes of nonce and a key of 32 are all that sealing can ask for.
        guard let gcmNonce = try? AES.GCM.Nonce(data: Data(nonce.utf8)),
            let box = try? AES.GCM.seal(
                Data(v3.platformCertificate.utf8),
                using: key,
                nonce: gcmNonce,
                authenticating: Data(associated.utf8)
            )
        else { return [] }
        func zoned(_ date: Date) -> String { ChinaTime(milliseconds: Int64(date.timeIntervalSince1970) * 1000).zoned }
        let item = WeChatV3CertificatesView.Item(
            serialNo: platformSerial,
            effectiveTime: zoned(platform.notValidBefore),
            expireTime: zoned(platform.notValidAfter),
            encryptCertificate: .init(
                nonce: nonce,
                associatedData: associated,
                ciphertext: (box.ciphertext + box.tag).base64EncodedString()
            )
        )
        return WeChatV3JSON.bytes(WeChatV3CertificatesView(data: [item]))
    }

    // MARK: Writing

    static let contentType = "application/json; charset=utf-8"

    static func nonce(count: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        return String((0..<count).compactMap { _ in "0123456789ABCDEF".randomElement(using: &generator) })
    }

    /// An error without a signature.
    func plain(_ error: WeChatV3Error) -> WalletReply {
        WalletReply(
            status: error.status,
            contentType: WeChatV3Face.contentType,
            body: WeChatV3JSON.bytes(WeChatV3ErrorView(error)),
            outcome: error.code
        )
    }

    func write(_ error: WeChatV3Error, to envelope: WeChatV3Envelope, distortion: Distortion) -> WalletReply {
        write(
            WeChatV3JSON.bytes(WeChatV3ErrorView(error)),
            status: error.status,
            outcome: error.code,
            to: envelope,
            distortion: distortion
        )
    }

    /// A signed answer.
    func write(
        _ body: [UInt8],
        status: Int,
        outcome: String,
        to envelope: WeChatV3Envelope,
        distortion: Distortion
    ) -> WalletReply {
        let timestamp = String(envelope.receivedAt / 1000)
        let nonce = WeChatV3Face.nonce(count: 32)
        // A signature over other bytes is as well-formed and as wrong as a forged one.
        let covered = distortion.breaksSignature ? body + [32] : body
        let text = WeChatV3Signature.replyText(timestamp: timestamp, nonce: nonce, body: covered)
        return WalletReply(
            status: status,
            contentType: WeChatV3Face.contentType,
            body: body,
            outcome: outcome,
            headers: [
                "Request-ID": WeChatV3Face.nonce(count: 24), "Wechatpay-Timestamp": timestamp,
                "Wechatpay-Nonce": nonce, "Wechatpay-Serial": envelope.serial,
                "Wechatpay-Signature-Type": WeChatV3Signature.scheme,
                "Wechatpay-Signature": (try? signature.sign(text)) ?? "",
            ]
        )
    }
}
