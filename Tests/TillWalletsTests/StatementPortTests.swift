// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation
import Testing
import TillDomain
import TillEngine

@testable import TillWallets

/// How a statement is asked for, and what the answers on the way to it mean.
@Suite struct StatementPortTests {
    private let morning = Timestamp(milliseconds: 1_795_312_800_000) + 86_400_000
    private let evening = Timestamp(milliseconds: 1_795_312_800_000) + 2 * 86_400_000

    private func day() throws -> StatementDay { try #require(StatementDay("2026-11-22".utf8)) }
    private func source(_ adapter: any WalletAdapter) -> any StatementSource { adapter.statements }

    private func first(_ source: any StatementSource) throws -> StatementRequest {
        try source.request(for: day(), at: Sample.now, message: Sample.message())
    }

    private func read(
        _ source: any StatementSource,
        _ response: InboundResponse,
        at now: Timestamp,
        of step: StatementStep? = nil
    ) throws -> StatementReading {
        var response = response
        response.receivedAt = now
        return try source.read(response, of: step ?? first(source).step, message: Sample.message())
    }

    private static let alipayNode = "alipay_data_dataservice_bill_downloadurl_query_response"

    private func link(_ url: String) throws -> InboundResponse {
        try AnswerWriter.alipay(Self.alipayNode, #"{"code":"10000","msg":"Success","bill_download_url":"\#(url)"}"#)
    }

    @Test("Alipay: a signed answer leads to the file, by a plain GET without a signature")
    func alipay() throws {
        let source = source(try Account.alipay())
        let request = try first(source)
        #expect(request.baseURL == nil)
        #expect(request.request.target.contains("method=alipay.data.dataservice.bill.downloadurl.query"))
        #expect(
            String(decoding: request.request.body, as: UTF8.self)
                == "biz_content=%7B%22bill_type%22%3A%22trade%22%2C%22bill_date%22%3A%222026-11-22%22%7D"
        )
        let reading = try read(source, link(#"http:\/\/127.0.0.1:7300/bill/x?token=a%20b&z=1"#), at: morning)
        guard case .next(let next) = reading else {
            Issue.record("\(reading)")
            return
        }
        #expect(next.baseURL == "http://127.0.0.1:7300")
        #expect(next.request.method == "GET" && next.request.target == "/bill/x?token=a%20b&z=1")
        #expect(next.request.headers.isEmpty && next.request.body.isEmpty)
        let file = InboundResponse(status: 200, body: try Fixture.file("statements/alipay.zip"))
        guard case .file(let statement) = try read(source, file, at: morning, of: next.step) else {
            Issue.record("no file")
            return
        }
        #expect(statement.rows.count == 3)
    }

    @Test("a link of an account that is spoken to over TLS is followed over TLS")
    func secureLink() throws {
        let link = try #require(StatementLink([UInt8]("http://dwbillcenter.alipay.com?x=1".utf8), secure: true))
        #expect(link.base == "https://dwbillcenter.alipay.com" && link.target == "/?x=1")
        for url in [
            "", "ftp://x/y", "http://", "https://a b/", "https://user@host/", "https://x/#y", "//x/y", "https:///y",
        ] {
            #expect(StatementLink([UInt8](url.utf8), secure: false) == nil, "\(url)")
        }
        #expect(StatementLink([UInt8]("http://x/".utf8) + [UInt8](repeating: 97, count: 2_048), secure: false) == nil)
    }

    @Test("a link without a valid signature is not followed")
    func forgedLink() throws {
        let source = source(try Account.alipay())
        let good = try link("http://127.0.0.1:7300/bill/x")
        var changed = good.body
        let place = try #require(changed.indices.first { changed[$0...].starts(with: "/bill".utf8) })
        changed[place + 1] ^= 1
        #expect(try read(source, InboundResponse(status: 200, body: changed), at: morning) == .failed(.badSignature))
        let error = try AnswerWriter.alipay("error_response", #"{"code":"10000","bill_download_url":"http://x/"}"#)
        #expect(try read(source, error, at: morning) == .failed(.badSignature))
    }

    @Test("Alipay's refusals: later, nothing, or a reason")
    func alipayCodes() throws {
        let source = source(try Account.alipay())
        func answer(_ subCode: String, code: String = "40004") throws -> InboundResponse {
            try AnswerWriter.alipay(Self.alipayNode, #"{"code":"\#(code)","msg":"…","sub_code":"\#(subCode)"}"#)
        }
        for code in ["NO_BILL_DATA", "BILL_NOT_EXIST", "isp.bill_not_exist"] {
            #expect(try read(source, answer(code), at: morning) == .notYet(code: code))
            #expect(try read(source, answer(code), at: evening) == .noTrades(code: code))
        }
        for code in ["UNKNOWN_ERROR", "SYSTEM_RATE_LIMIT", "USER_RATE_LIMIT", "ACQ.SYSTEM_ERROR"] {
            #expect(try read(source, answer(code), at: evening) == .notYet(code: code))
        }
        for code in ["INVAILID_ARGUMENTS", "BILL_DATE_BEFORE_REGISTRATION", "TYPE_NOT_SUPPORTED", "SOMETHING_NEW"] {
            #expect(try read(source, answer(code), at: evening) == .failed(.code(code)))
        }
        #expect(
            try read(source, answer("aop.unknow-error", code: "20000"), at: evening)
                == .notYet(code: "aop.unknow-error")
        )
        let empty = try AnswerWriter.alipay(
            Self.alipayNode,
            #"{"code":"10000","msg":"Success","bill_file_code":"EMPTY_DATA_WITH_BILL_FILE"}"#
        )
        #expect(try read(source, empty, at: evening) == .noTrades(code: "EMPTY_DATA_WITH_BILL_FILE"))
        #expect(try read(source, InboundResponse(status: 502, body: []), at: evening) == .notYet(code: "HTTP 502"))
    }

    @Test("WeChat Pay V2: one signed request, whose answer is the file or a refusal")
    func weChatPay() throws {
        let source = source(try Account.weChatPay())
        let request = try first(source)
        #expect(request.request.target == "/pay/downloadbill" && request.baseURL == nil)
        let fields = try #require(FlatXML(request.request.body))
        #expect(fields["bill_date"] == [UInt8]("20261122".utf8) && fields["tar_type"] == [UInt8]("GZIP".utf8))
        #expect(KeyedSigning(kind: .hmacSHA256, key: [UInt8](Account.weChatPayKey.utf8)).isValid(fields))
        let file = InboundResponse(status: 200, body: try Fixture.file("statements/wechatpay.csv.gz"))
        guard case .file(let statement) = try read(source, file, at: morning) else {
            Issue.record("no file")
            return
        }
        #expect(statement.rows.count == 4)
        func refusal(_ text: String) -> InboundResponse {
            InboundResponse(
                status: 200,
                body: [UInt8](
                    "<xml><return_code>FAIL</return_code><return_msg>\(text)</return_msg><error_code>20002</error_code></xml>"
                        .utf8
                )
            )
        }
        #expect(try read(source, refusal("NO Bill Exist"), at: morning) == .notYet(code: "NO Bill Exist"))
        #expect(try read(source, refusal("No Bill Exist"), at: evening) == .noTrades(code: "No Bill Exist"))
        #expect(try read(source, refusal("Bill Creating"), at: evening) == .notYet(code: "Bill Creating"))
        #expect(try read(source, refusal("SYSTEMERROR"), at: evening) == .notYet(code: "SYSTEMERROR"))
        #expect(try read(source, refusal("SIGN ERROR"), at: evening) == .failed(.code("SIGN ERROR")))
        // A text that is no code gives way to the number.
        #expect(try read(source, refusal("签名错误"), at: evening) == .failed(.code("20002")))
    }

    private func tradeBill(_ hash: String, type: String = "SHA1") -> String {
        #"{"hash_type":"\#(type)","hash_value":"\#(hash)","download_url":"http://127.0.0.1:7300/v3/billdownload/file?token=x"}"#
    }

    private func hash(_ bytes: [UInt8]) -> String {
        Insecure.SHA1.hash(data: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test("WeChat Pay V3: a signed answer with a digest, a signed GET, and the file of that digest")
    func weChatPayV3() throws {
        let source = source(try Account.weChatPayV3())
        let plain = try Fixture.file("statements/wechatpay.csv")
        let packed = try Fixture.file("statements/wechatpay.csv.gz")
        let answer = try AnswerWriter.weChatPayV3(tradeBill(hash(plain)))
        guard case .next(let next) = try read(source, answer, at: Sample.now) else {
            Issue.record("no next request")
            return
        }
        #expect(next.baseURL == "http://127.0.0.1:7300")
        #expect(next.request.target == "/v3/billdownload/file?token=x" && next.request.method == "GET")
        #expect(next.request.headers.contains { $0.name == "Authorization" })
        for body in [plain, packed] {
            let reading = try read(source, InboundResponse(status: 200, body: body), at: Sample.now, of: next.step)
            guard case .file(let statement) = reading else {
                Issue.record("\(reading)")
                return
            }
            #expect(statement.rows.count == 4)
        }
        let other = InboundResponse(status: 200, body: try Fixture.file("statements/wechatpay-bom.csv"))
        guard case .failed(.unreadable) = try read(source, other, at: Sample.now, of: next.step) else {
            Issue.record("a file of another digest was read")
            return
        }
        let upper = try AnswerWriter.weChatPayV3(tradeBill(hash(plain).uppercased()))
        guard case .next = try read(source, upper, at: Sample.now) else {
            Issue.record("upper case was refused")
            return
        }
    }

    @Test("WeChat Pay V3: an answer that is not signed, or too old, leads nowhere")
    func forgedV3() throws {
        let source = source(try Account.weChatPayV3())
        let good = try AnswerWriter.weChatPayV3(tradeBill(String(repeating: "0", count: 40)))
        #expect(try read(source, good, at: Sample.now + 300_000) == .failed(.badSignature))
        let unsigned = InboundResponse(status: 200, body: good.body)
        #expect(try read(source, unsigned, at: Sample.now) == .failed(.badSignature))
        for body in [tradeBill("00"), tradeBill(String(repeating: "0", count: 40), type: "MD5"), "{}", "[]"] {
            guard case .failed(.unreadable) = try read(source, AnswerWriter.weChatPayV3(body), at: Sample.now) else {
                Issue.record("\(body)")
                return
            }
        }
        func refusal(_ code: String, _ status: Int = 400) -> InboundResponse {
            InboundResponse(status: status, body: [UInt8](#"{"code":"\#(code)","message":"…"}"#.utf8))
        }
        #expect(try read(source, refusal("NO_STATEMENT_EXIST"), at: morning) == .notYet(code: "NO_STATEMENT_EXIST"))
        #expect(try read(source, refusal("NO_STATEMENT_EXIST"), at: evening) == .noTrades(code: "NO_STATEMENT_EXIST"))
        #expect(try read(source, refusal("STATEMENT_CREATING"), at: evening) == .notYet(code: "STATEMENT_CREATING"))
        #expect(try read(source, refusal("SYSTEM_ERROR", 500), at: evening) == .notYet(code: "SYSTEM_ERROR"))
        #expect(try read(source, refusal("NO_AUTH", 403), at: evening) == .failed(.code("NO_AUTH")))
    }

    @Test("QQ Wallet: one signed request; a refusal is tried again until noon, and told afterwards")
    func qq() throws {
        let source = source(try Account.qqWallet())
        let request = try first(source)
        #expect(request.request.target == "/cgi-bin/sp_download/qpay_mch_statement_down.cgi")
        #expect(request.baseURL == nil && !request.request.needsClientCertificate)
        let fields = try #require(FlatXML(request.request.body))
        #expect(fields["bill_date"] == [UInt8]("20261122".utf8) && fields["bill_type"] == [UInt8]("ALL".utf8))
        #expect(fields["tar_type"] == [UInt8]("GZIP".utf8) && fields["sign_type"] == nil)
        #expect(KeyedSigning(kind: .md5, key: [UInt8](Account.weChatPayKey.utf8)).isValid(fields))
        let refusal = InboundResponse(
            status: 200,
            body: [UInt8]("<xml><return_code>FAIL</return_code><return_msg>no bill</return_msg></xml>".utf8)
        )
        #expect(try read(source, refusal, at: morning) == .notYet(code: "no bill"))
        #expect(try read(source, refusal, at: evening) == .failed(.code("no bill")))
        #expect(try read(source, InboundResponse(status: 502, body: []), at: evening) == .notYet(code: "HTTP 502"))
        let file = InboundResponse(status: 200, body: try Fixture.file("statements/qqwallet.csv"))
        guard case .file = try read(source, file, at: morning) else {
            Issue.record("no file")
            return
        }
    }

    @Test("UnionPay: one signed request to the file host, whose signed answer has the file in it")
    func unionPay() throws {
        let source = source(try Account.unionPay())
        let request = try first(source)
        #expect(request.request.target == "/")
        let body = String(decoding: request.request.body, as: UTF8.self)
        for field in ["txnType=76", "txnSubType=01", "settleDate=1122", "fileType=00", "bizType=000000"] {
            #expect(body.split(separator: "&").contains { $0 == field }, "\(field)")
        }
        #expect(body.contains("&signature="))
        let content = try Fixture.text("statements/unionpay.txt").trimmingCharacters(in: .newlines)
        func answer(_ code: String, _ more: [String: String] = [:]) throws -> InboundResponse {
            let fields = ["txnType": "76", "txnSubType": "01", "orderId": "", "respCode": code]
            return try AnswerWriter.unionPay("file", fields.merging(more) { $1 })
        }
        let file = try answer("00", ["settleDate": "1122", "fileContent": content])
        guard case .file(let statement) = try read(source, file, at: morning) else {
            Issue.record("no file")
            return
        }
        #expect(!statement.rows.isEmpty)
        // A genuine answer for another day is not this day's.
        let other = try answer("00", ["settleDate": "1121", "fileContent": content])
        #expect(try read(source, other, at: morning) == .failed(.badSignature))
        var changed = file.body
        let place = try #require(changed.indices.first { changed[$0...].starts(with: "settleDate=1122".utf8) })
        changed[place + 14] = 51
        #expect(try read(source, InboundResponse(status: 200, body: changed), at: morning) == .failed(.badSignature))
        #expect(try read(source, answer("98"), at: morning) == .notYet(code: "98"))
        #expect(try read(source, answer("98"), at: evening) == .noTrades(code: "98"))
        #expect(try read(source, answer("06"), at: evening) == .notYet(code: "06"))
        #expect(try read(source, answer("31"), at: evening) == .failed(.code("31")))
    }
}
