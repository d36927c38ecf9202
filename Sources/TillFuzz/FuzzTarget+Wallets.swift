// Part of Tillbridge. See LICENSE.
import TillDomain

@testable import TillWallets

/// What wallets send: forms, documents, files.
extension FuzzTarget {
    private static let fixtures = "Tests/TillWalletsTests/Fixtures/"

    /// Money of a file is never negative, and its sums are those of its rows.
    private static func check(_ read: () throws(StatementError) -> Statement) {
        guard let statement = try? read() else { return }
        require(statement.rows.allSatisfy { $0.amount.fen >= 0 && $0.refunded.fen >= 0 }, "an amount is negative")
        require(statement.sold.fen == statement.rows.reduce(0) { $0 + $1.amount.fen }, "the sum is another")
        require(statement.rows.count <= StatementLimits.rows, "there are too many rows")
    }

    private static let day = StatementDay("2026-11-22".utf8)

    static let wallets: [FuzzTarget] = [
        FuzzTarget("wallet-json", corpus: [fixtures + "alipay", fixtures + "wechatpay-v3"]) { bytes in
            for encoding in [JSONMembers.Encoding.utf8, .gbk] {
                guard let members = JSONMembers(in: bytes, encoding: encoding) else { continue }
                for name in ["code", "amount", "trade_state"] as [StaticString] {
                    require((members.value(name)?.count ?? 0) <= bytes.count, "a value is longer than the text")
                }
            }
        },
        FuzzTarget("wallet-xml", corpus: [fixtures + "wechatpay", fixtures + "qqwallet"]) { bytes in
            guard let document = FlatXML(bytes) else { return }
            let written = FlatXML.write(document.fields)
            require(FlatXML(written) == document, "what was read is not read again")
        },
        FuzzTarget("unionpay-form", corpus: [fixtures + "unionpay"]) { bytes in
            guard let form = UnionPayForm(bytes) else { return }
            require(form.fields.places.count <= UnionPayForm.fieldLimit, "there are too many fields")
            require(UnionPayForm(bytes) == form, "a form is read in two ways")
        },
        FuzzTarget("statement-alipay", corpus: [fixtures + "statements"]) { bytes in
            check { () throws(StatementError) in try AlipayStatement.read(bytes) }
        },
        FuzzTarget("statement-wechatpay", corpus: [fixtures + "statements"]) { bytes in
            check { () throws(StatementError) in try WeChatPayStatement.read(bytes) }
        },
        FuzzTarget("statement-qqwallet", corpus: [fixtures + "statements"]) { bytes in
            check { () throws(StatementError) in try QQStatement.read(bytes) }
        },
        FuzzTarget("statement-unionpay", corpus: [fixtures + "statements"]) { bytes in
            guard let day else { return }
            check { () throws(StatementError) in try UnionPaySettlementFile.read(bytes, day: day) }
        },
        FuzzTarget("unpack", corpus: [fixtures + "statements"]) { bytes in
            let limit = max(1 << 20, bytes.count * StatementLimits.ratio)
            for wrapping in [Unpack.Wrapping.zlib, .gzip] {
                let content = try? Unpack.inflate(bytes[...], wrapping)
                require((content?.count ?? 0) <= limit, "more was unpacked than the limit")
            }
            let files = (try? Unpack.zip(bytes)) ?? []
            require(files.count <= StatementLimits.entries, "there are too many files")
            require(files.reduce(0) { $0 + $1.content.count } <= limit, "more was unpacked than the limit")
        },
        FuzzTarget("certificate", corpus: [fixtures + "keys"]) { bytes in
            _ = UnionPayCertificate(bytes)
            _ = UnionPayCertificate.all(in: String(decoding: bytes, as: UTF8.self))
        },
        FuzzTarget("certificate-alipay", corpus: [fixtures + "keys/certificates", fixtures + "keys"]) { bytes in
            let certificates = OpenSSLCertificate.all(inPEM: String(decoding: bytes, as: UTF8.self))
            require(certificates.count <= 33, "there are too many certificates")
            for certificate in certificates {
                _ = (certificate.isAuthority, certificate.isSignedWithRSA, certificate.rsaKey)
                let serial = certificate.hexSerial ?? []
                require(serial.allSatisfy { (48...57).contains($0) || (65...70).contains($0) || $0 == 45 }, "no number")
                if let name = certificate.issuerAndSerial { require(name.count >= serial.count / 2, "a name is cut") }
            }
            if let first = certificates.first { _ = first.isProven(by: certificates, with: certificates) }
        },
        FuzzTarget(
            "wallet-words",
            seeds: ["2026-11-22 18:30:00", "20261122183000", "12.90", "-0.01", "TB1", "https://a.example/b?c=d"]
        ) { bytes in
            if let money = Yuan.parse(bytes) {
                require(money.fen >= 0 && Yuan.parse(Yuan.text(money)) == money, "an amount is not read again")
            }
            _ = Yuan.thousandths(bytes[...])
            _ = ChinaTime.moment(ofCompact: bytes)
            _ = EchoedNonce.read(bytes)
            if let moment = ChinaTime.moment(ofSpaced: bytes), let time = ChinaTime(moment) {
                require(time.spaced == bytes, "a moment is not written again")
            }
            if let link = StatementLink(bytes, secure: true) {
                require(link.base.hasPrefix("https://") && link.target.hasPrefix("/"), "a link leads elsewhere")
            }
        },
    ]
}
