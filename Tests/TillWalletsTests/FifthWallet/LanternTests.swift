// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine

@testable import TillWallets

/// What the kit does not ask: the bytes that leave, and answers that nobody should believe.
@Suite struct LanternTests {
    private func adapter(_ changes: [String: String] = [:]) throws -> any WalletAdapter {
        let fields = ["merchant": LanternFace.merchant, "key": LanternFace.key].merging(changes) { $1 }
        let settings = try WalletSettings(wallet: .lantern, version: "1", baseURL: "http://127.0.0.1", fields: fields)
        return try KitProtocol.registry.account(from: settings).adapter
    }

    private func answer(_ content: String, sign: String? = nil, status: Int = 200) -> InboundResponse {
        let text = content.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return InboundResponse(
            status: status,
            body: [UInt8](#"{"content":"\#(text)","sign":"\#(sign ?? LanternFace.sign(content))"}"#.utf8),
            receivedAt: Sample.now
        )
    }

    private func content(_ rest: String, call: String = "pay", order: String = "TQF000K703343G7H2000016R") -> String {
        #"{"call":"\#(call)","merchant":"\#(LanternFace.merchant)","order":"\#(order)",\#(rest)}"#
    }

    private static let paid =
        #""result":"OK","state":"PAID","amount":1290,"number":"2026112200001","note":"\#(Sample.nonce)","payer":"灯***""#

    @Test("a query leaves as the document has it, to the byte")
    func vector() throws {
        let request = try adapter().request(
            for: .query(Sample.order()),
            at: Sample.now,
            message: Sample.message()
        )
        #expect(request.target == "/v1/query")
        // printf '%s' '{"call":…}' | openssl dgst -sha256 -hmac "…"
        let expected =
            #"{"content":"{\"call\":\"query\",\"merchant\":\"LM0000001\",\"message\":\"7QK2M4T9XW3P8DHC5NRA6V0BEF\","#
            + #"\"time\":\"20261122183001\",\"order\":\"TQF000K703343G7H2000016R\"}","#
            + #""sign":"f8546dd5a41c71d3df3f4330f23810e4f8dfbeb02647e72f23f287798b1d50f9"}"#
        #expect(String(decoding: request.body, as: UTF8.self) == expected)
    }

    @Test("paid is said with amount, number and nonce")
    func paid() throws {
        let reading = try adapter().read(answer(content(Self.paid)), of: .pay(Sample.payment()))
        #expect(reading.outcome == .pay(.paid(try Sample.trade("2026112200001", payer: "灯***"))))
    }

    @Test("what is forged, about something else or not the wallet's decides nothing")
    func forged() throws {
        let adapter = try adapter()
        let pay = WalletOperation.pay(try Sample.payment())
        let forged = answer(content(Self.paid), sign: String(repeating: "0", count: 64))
        #expect(adapter.read(forged, of: pay).outcome == .pay(.unknown(.badSignature)))
        #expect(adapter.read(forged, of: pay).alarm == .forgedAnswer)
        for other in [content(Self.paid, call: "query"), content(Self.paid, order: "TQF000K703343G7H2000026Z")] {
            #expect(adapter.read(answer(other), of: pay).outcome == .pay(.unknown(.malformed)))
        }
        for body in ["", "{}", "[]", #"{"content":5,"sign":""}"#, #"{"content":"{"}"#, "<html></html>"] {
            let reading = adapter.read(InboundResponse(status: 200, body: [UInt8](body.utf8)), of: pay)
            guard case .pay(.unknown) = reading.outcome else {
                Issue.record("\(body): \(reading)")
                continue
            }
        }
        #expect(adapter.read(answer(content(Self.paid), status: 502), of: pay).outcome == .pay(.unknown(.malformed)))
        let poor = content(#""result":"OK","state":"PAID","amount":1290"#)
        #expect(adapter.read(answer(poor), of: pay).outcome == .pay(.unknown(.malformed)))
    }

    @Test("a code or a state that is in no table is unknown and counted")
    func unlisted() throws {
        let adapter = try adapter()
        for word in ["pay", "query", "cancel", "refund", "refund-query"] {
            let operation = try Sample.operation(word)
            let refund = #""refund":"TQF000K703343G7H2000016RR00","amount":1290,"#
            for rest in [#""result":"SOMETHING_NEW""#, refund + #""result":"OK","state":"SOMETHING_NEW""#] {
                let reading = adapter.read(answer(content(rest, call: word)), of: operation)
                #expect(reading.outcome == operation.unknown(.unlistedCode), "\(word): \(rest)")
                #expect(reading.alarm == .unlistedCode)
            }
        }
    }

    @Test("a setting that is missing or of no use is named, and its value is not shown")
    func settings() {
        #expect(throws: WalletSettingsError("Payment account of lantern: key is missing, add it to the file.")) {
            try adapter(["key": ""])
        }
        for (name, value) in [("key", "short"), ("merchant", "LM 1")] {
            #expect {
                try adapter([name: value])
            } throws: { error in
                "\(error)".contains(name) && !"\(error)".contains(value)
            }
        }
        #expect(throws: WalletSettingsError.self) {
            // The build that ships has no such wallet.
            try WalletRegistry.standard.account(
                from: WalletSettings(wallet: .lantern, version: "1", baseURL: "http://127.0.0.1", fields: [:])
            )
        }
    }
}
