// Part of Tillbridge. See LICENSE.
import CryptoExtras
import Foundation
import TillSandbox

/// A merchant of UnionPay.
extension RunningSandbox {
    static let tradePath = "/gateway/api/backTransReq.do"
    static let queryPath = "/gateway/api/queryTrans.do"

    /// The second half of an order's identity, now.
    static var orderTime: String { ChinaTime(milliseconds: SystemTime().now).compact }

    func union(
        _ path: String = RunningSandbox.tradePath,
        _ fields: [String: String],
        change: [String: String?] = [:],
        milliseconds: Int64 = 20_000
    ) async throws -> Reply {
        var all = [
            "version": "5.1.0", "encoding": "UTF-8", "signMethod": "01", "bizType": "000000", "channelType": "08",
            "accessType": "0", "merId": keys.unionpay.merID, "certId": keys.unionpay.certID,
        ]
        all.merge(fields) { $1 }
        for (name, value) in change where name != "signature" { all[name] = value }
        let text = UnionPaySignature.signedText(of: all.map { ($0.key, Array($0.value.utf8)) })
        let digest = Array(UnionPaySignature.digest(of: text).utf8)
        let key = try _RSA.Signing.PrivateKey(pemRepresentation: keys.unionpay.signPrivateKey)
        let sign = try key.signature(for: digest, padding: .insecurePKCS1v1_5).rawRepresentation.base64EncodedString()
        all["signature"] = change["signature"] ?? sign
        let body = all.map { "\($0.key)=\(percent(Array($0.value.utf8)))" }.joined(separator: "&")
        return try await send(
            "POST",
            path,
            body: Array(body.utf8),
            headers: [("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8")],
            milliseconds: milliseconds
        )
    }

    func unionConsume(
        _ number: String,
        code: String,
        time: String = RunningSandbox.orderTime,
        change: [String: String?] = [:],
        milliseconds: Int64 = 20_000
    ) async throws -> Reply {
        // A number of at least eight characters is asked for.
        try await union(
            RunningSandbox.tradePath,
            [
                "txnType": "01", "txnSubType": "06", "orderId": number, "txnTime": time, "txnAmt": "1290",
                "currencyCode": "156", "qrNo": code, "backUrl": "https://pay.example.test/notify", "termId": "00010002",
                "reqReserved": "f00d",
            ],
            change: change,
            milliseconds: milliseconds
        )
    }

    func unionQuery(_ number: String, time: String, change: [String: String?] = [:]) async throws -> Reply {
        try await union(
            RunningSandbox.queryPath,
            ["txnType": "00", "txnSubType": "00", "orderId": number, "txnTime": time],
            change: change
        )
    }

    func unionReverse(_ number: String, time: String) async throws -> Reply {
        try await union(
            RunningSandbox.tradePath,
            ["txnType": "99", "txnSubType": "01", "orderId": number, "txnTime": time]
        )
    }

    func unionGiveBack(
        _ type: String,
        _ number: String,
        of original: [String: String],
        amount: Int,
        time: String = RunningSandbox.orderTime
    ) async throws -> Reply {
        try await union(
            RunningSandbox.tradePath,
            [
                "txnType": type, "txnSubType": "00", "orderId": number, "txnTime": time, "txnAmt": String(amount),
                "backUrl": "https://pay.example.test/notify",
            ].merging(original) { $1 }
        )
    }
}

extension RunningSandbox.Reply {
    /// A UnionPay message's fields: split at `&`, then at the first `=`; nothing is percent-decoded.
    var unionFields: [(name: String, value: [UInt8])] {
        body.split(separator: UInt8(ascii: "&")).map { pair in
            let name = pair.prefix { $0 != UInt8(ascii: "=") }
            return (String(decoding: name, as: UTF8.self), Array(pair.dropFirst(name.count + 1)))
        }
    }

    func union(_ name: String) -> String? {
        unionFields.first { $0.name == name }.map { String(decoding: $0.value, as: UTF8.self) }
    }
}
