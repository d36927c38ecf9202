// Part of Tillbridge. See LICENSE.
import CryptoExtras
import Foundation

/// UnionPay's gateway, version 5.1.0: forms in, `name=value&…` out.
package struct UnionPayFace: WalletFace {
    package let wallet = SandboxWallet.unionpay
    let merID: String
    private let certID: String
    private let signature: UnionPaySignature
    /// With the line ends that the real gateway sends in the middle of its messages.
    private let certificate: String

    package init(keys: SandboxKeys.UnionPay) throws {
        merID = keys.merID
        certID = keys.certID
        signature = try UnionPaySignature(
            merchantPublicKey: _RSA.Signing.PrivateKey(pemRepresentation: keys.signPrivateKey).publicKey
                .pemRepresentation,
            walletPrivateKey: keys.walletPrivateKey
        )
        certificate = keys.walletCertificate.split(separator: "\n").joined(separator: "\r\n")
    }

    /// The checks, in this order: method, fields, formats, merchant, signature, time.
    package func read(_ request: WalletRequest, policies: Policies, realNow: Int64) -> Reading<UnionPayCall> {
        guard request.method == "POST" else {
            return .refused(.page(status: 405, title: "405 Method Not Allowed"))
        }
        let raw = FormFields.parse(urlEncoded: request.body)
        var fields: [String: String] = [:]
        for field in raw where fields[field.name] == nil { fields[field.name] = Charset.utf8.decode(field.value) }
        let reader = UnionPayContentReader(fields: fields)
        var echoes: [String: String] = [:]
        // A reply is split at its ampersands: whoever sends one in a value must not get fields of their own signed.
        for name in UnionPayFace.echoed where fields[name]?.hasScalar(in: "&") == false { echoes[name] = fields[name] }
        func refuse(_ code: String, _ detail: String? = nil) -> Reading<UnionPayCall> {
            .refused(write([:], code: code, detail: detail, echoes: echoes))
        }
        let kind = reader.kind(at: request.path)
        if let name = reader.missing(for: kind) { return refuse("13", name) }
        guard let kind else { return refuse("32") }
        let content: UnionPayCall.Content
        do throws(UnionPayContentReader.InvalidField) {
            content = try reader.content(of: kind)
        } catch {
            return refuse("10", error.name)
        }
        guard fields["merId"] == merID, fields["certId"] == certID else { return refuse("31") }
        guard let sign = raw.first(where: { $0.name == "signature" })?.value,
            signature.isValid(sign, over: UnionPaySignature.signedText(of: raw))
        else { return refuse("11") }
        if kind.isNew {
            let oldest: Int64 = policies[.oldestRequest] == "strict" ? 60_000 : 600_000
            let sentAt = fields["txnTime"].flatMap(ChinaTime.init)?.milliseconds ?? 0
            guard sentAt <= realNow + 600_000, sentAt >= realNow - oldest else { return refuse("10", "txnTime") }
        }
        return .call(UnionPayCall(content: content, echoes: echoes))
    }

    static let echoed = [
        "version", "encoding", "bizType", "txnType", "txnSubType", "accessType", "merId", "orderId", "txnTime",
        "txnAmt", "currencyCode", "reqReserved", "settleDate",
    ]

    /// A signed answer: `respCode` and its text, the repeated fields, and `fields`, which win over those.
    ///
    /// - Parameter detail: What stands in brackets behind the text, instead of a number made from the code.
    func write(
        _ fields: [String: String],
        code: String,
        detail: String? = nil,
        echoes: [String: String],
        distortion: Distortion = .none,
        charset: Charset = .utf8
    ) -> WalletReply {
        var all = echoes.merging(fields) { $1 }
        all["respCode"] = code
        all["respMsg"] = UnionPayErrors.message(of: code, detail: detail)
        all["signMethod"] = "01"
        all["signPubKeyCert"] = certificate
        var list = UnionPayFace.sorted(all, charset: charset)
        let text = UnionPaySignature.signedText(of: list)
        // A signature over other bytes is as well-formed and as wrong as a forged one.
        let sign = (try? signature.sign(distortion.breaksSignature ? text + [32] : text)) ?? ""
        list.append(("signature", Array(sign.utf8)))
        return UnionPayFace.reply(list, outcome: fields["origRespCode"].map { "\(code)/\($0)" } ?? code)
    }

    /// An error from before the gateway's software: no certificate, no signature.
    func writeUnsigned(code: String) -> WalletReply {
        let fields = ["respCode": code, "respMsg": UnionPayErrors.message(of: code, detail: nil)]
        return UnionPayFace.reply(UnionPayFace.sorted(fields, charset: .utf8), outcome: code)
    }

    private static func sorted(_ fields: [String: String], charset: Charset) -> [FormFields.Field] {
        fields.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }.map { name, value in
            (name: name, value: charset.encode(value) ?? Array(value.utf8))
        }
    }

    /// Values go out as they are: nothing is percent-encoded.
    private static func reply(_ fields: [FormFields.Field], outcome: String) -> WalletReply {
        WalletReply(
            status: 200,
            contentType: "text/html;charset=UTF-8",
            body: Array(fields.map { Array("\($0.name)=".utf8) + $0.value }.joined(separator: "&".utf8)),
            outcome: outcome
        )
    }
}
