// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillSandbox

/// Each fault over HTTP: what the merchant gets, and what the books say.
@Suite struct FaultTests {
    enum Sight: Sendable {
        case silence, systemError, wrongSignature, noSignature, gbk, success, shifted, status(Int), page
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let fault: String
        let sight: Sight
        let isBooked: Bool
        var testDescription: String { fault }
    }

    static let rows = [
        Row(fault: "drop-request", sight: .silence, isBooked: false),
        Row(fault: "drop-reply", sight: .silence, isBooked: true),
        Row(fault: "reset", sight: .silence, isBooked: true),
        Row(fault: "delay", sight: .success, isBooked: true),
        Row(fault: "slow-body", sight: .success, isBooked: true),
        Row(fault: "error-but-done", sight: .systemError, isBooked: true),
        Row(fault: "error-not-done", sight: .systemError, isBooked: false),
        Row(fault: "bad-signature", sight: .wrongSignature, isBooked: true),
        Row(fault: "unsigned-error", sight: .noSignature, isBooked: true),
        Row(fault: "wrong-charset", sight: .gbk, isBooked: true),
        Row(fault: "wrong-amount", sight: .shifted, isBooked: true),
        Row(fault: "http-500", sight: .status(500), isBooked: true),
        Row(fault: "html-page", sight: .page, isBooked: true),
    ]

    @Test("a fault strikes once, and does what its name says", arguments: rows, SandboxWallet.allCases)
    func strikes(_ row: Row, _ wallet: SandboxWallet) async throws {
        try await RunningSandbox.with { sandbox in
            try await sandbox.fault(wallet, row.fault, seconds: 0.2)
            let code = try await sandbox.code(wallet)
            let start = ContinuousClock.now
            let reply = try? await sandbox.pay(wallet, "N0000001", code: code)
            let elapsed = ContinuousClock.now - start
            expect(row.sight, wallet, reply)
            if row.fault == "delay" || row.fault == "slow-body" { #expect(elapsed >= .milliseconds(200)) }
            #expect(try await sandbox.decidedNet("N0000001") == (row.isBooked ? 1290 : nil))
            // The next call is spared.
            let next = try await sandbox.pay(wallet, "N0000002", code: try await sandbox.code(wallet))
            expect(.success, wallet, next)
            guard case .list(let faults) = try await sandbox.control("GET", "faults") else {
                Issue.record("no list of faults")
                return
            }
            #expect(faults.first?.object?["hits"]?.integer == 1)
            #expect(faults.first?.object?["count"]?.integer == 0)
        }
    }

    /// By what a text of the wallet is known to be what it is.
    private struct Signs {
        let signature: String
        let success: String
        let systemError: String
        let failure: String
        let gbk: String
        let amount: String
        let shifted: String
    }

    private static func signs(of wallet: SandboxWallet) -> Signs {
        switch wallet {
        case .alipay:
            Signs(
                signature: #","sign":""#,
                success: #""code":"10000""#,
                systemError: "ACQ.SYSTEM_ERROR",
                failure: #""code":"20000""#,
                gbk: "系统繁忙",
                amount: #""total_amount":"12.90""#,
                shifted: #""total_amount":"12.91""#
            )
        case .wechatpay, .qqwallet:
            Signs(
                signature: "<sign>",
                success: "<result_code><![CDATA[SUCCESS",
                systemError: "<err_code><![CDATA[SYSTEMERROR",
                failure: "<return_code><![CDATA[FAIL",
                gbk: "系统繁忙",
                amount: "<total_fee><![CDATA[1290]",
                shifted: "<total_fee><![CDATA[1291]"
            )
        case .unionpay:
            Signs(
                signature: "&signature=",
                success: "&respCode=00&",
                systemError: "&respCode=03&",
                failure: "respCode=99&",
                gbk: "交易通讯超时",
                amount: "&txnAmt=1290&",
                shifted: "&txnAmt=1291&"
            )
        }
    }

    private func expect(_ sight: Sight, _ wallet: SandboxWallet, _ reply: RunningSandbox.Reply?) {
        let text = reply?.text ?? ""
        let signs = FaultTests.signs(of: wallet)
        let hasSignature = text.contains(signs.signature)
        switch sight {
        case .silence:
            #expect(reply == nil)
        case .systemError:
            #expect(hasSignature)
            #expect(text.contains(signs.systemError))
        case .success, .wrongSignature, .shifted:
            #expect(hasSignature)
            #expect(text.contains(signs.success))
            let isShifted = if case .shifted = sight { true } else { false }
            #expect(text.contains(isShifted ? signs.shifted : signs.amount))
        case .noSignature:
            #expect(!hasSignature)
            #expect(text.contains(signs.failure))
        case .gbk:
            #expect(hasSignature)
            #expect(Charset.utf8.decode(reply?.body ?? [0xFF]) == nil)
            #expect(Charset.gbk.decode(reply?.body ?? [])?.contains(signs.gbk) == true)
        case .status(let status):
            #expect(reply?.status == status)
        case .page:
            #expect(reply?.status == 200)
            #expect(text.hasPrefix("<html>"))
        }
    }

    @Test("a signature is wrong only while the fault lasts", arguments: SandboxWallet.allCases)
    func signatures(_ wallet: SandboxWallet) async throws {
        try await RunningSandbox.with { sandbox in
            try await sandbox.fault(wallet, "bad-signature", seconds: 0)
            for (number, isValid) in [("N0000001", false), ("N0000002", true)] {
                let reply = try await sandbox.pay(wallet, number, code: try await sandbox.code(wallet))
                #expect(try sandbox.hasValidSignature(reply, wallet) == isValid)
            }
        }
    }

    @Test("late execution: silence, a cancel that finds nothing, and the booking after it")
    func late() async throws {
        try await RunningSandbox.with { sandbox in
            try await sandbox.fault(.alipay, "late-execution", seconds: 20)
            let code = try await sandbox.code(.alipay)
            let reply = try? await sandbox.alipayPay("N00001", code: code, milliseconds: 300)
            #expect(reply == nil)
            let cancel = try await sandbox.alipay("alipay.trade.cancel", #"{"out_trade_no":"N00001"}"#)
            #expect(cancel.text.contains(#""retry_flag":"N""#) && !cancel.text.contains("action"))
            #expect(try await sandbox.net("N00001") == nil)
            try await sandbox.control("POST", "clock", #"{"advance":20}"#)
            #expect(try await sandbox.net("N00001") == 1290)
            let again = try await sandbox.alipay("alipay.trade.cancel", #"{"out_trade_no":"N00001"}"#)
            #expect(again.text.contains(#""action":"refund""#))
            #expect(try await sandbox.net("N00001") == 0)
        }
    }

    @Test("a duplicated payment is booked once; the second answer comes back", arguments: SandboxWallet.allCases)
    func duplicate(_ wallet: SandboxWallet) async throws {
        try await RunningSandbox.with { sandbox in
            try await sandbox.fault(wallet, "duplicate", seconds: 0)
            let reply = try await sandbox.pay(wallet, "N0000001", code: try await sandbox.code(wallet))
            let expected =
                switch wallet {
                case .alipay: "ACQ.TRADE_HAS_SUCCESS"
                case .wechatpay, .qqwallet: "<![CDATA[SUCCESS]]></result_code>"
                case .unionpay: "respCode=12&"
                }
            #expect(reply.text.contains(expected), "\(reply.text)")
            #expect(try await sandbox.decidedNet("N0000001") == 1290)
        }
    }

    @Test("a probability strikes about as often as it says")
    func probability() {
        var bench = Bench()
        bench.state.faults = [
            Fault(
                wallet: nil,
                operation: nil,
                fault: .reset,
                probability: 0.25,
                count: nil,
                seconds: 0,
                hits: 0
            )
        ]
        let hits = (0..<4000).count { _ in bench.state.drawFault(.alipay, .query) != nil }
        #expect((850...1150).contains(hits))
        #expect(bench.state.faults[0].hits == hits)
    }

    @Test("a fault of one payment code strikes its pay call alone")
    func code() {
        var bench = Bench()
        bench.state.faults = [
            Fault(
                wallet: nil,
                operation: .pay,
                fault: .dropReply,
                probability: 1,
                count: 1,
                seconds: 0,
                code: "281234",
                hits: 0
            )
        ]
        #expect(bench.state.drawFault(.alipay, .pay, code: "289999") == nil)
        #expect(bench.state.drawFault(.alipay, .query) == nil)
        #expect(bench.state.drawFault(.alipay, .pay, code: "281234")?.fault == .dropReply)
        #expect(bench.state.drawFault(.alipay, .pay, code: "281234") == nil)
    }

    @Test("a fault strikes the calls it names, and no others")
    func aim() {
        for kind in FaultKind.allCases {
            for operation in SandboxOperation.allCases {
                let fault = Fault(
                    wallet: .alipay,
                    operation: nil,
                    fault: kind,
                    probability: 1,
                    count: nil,
                    seconds: 0,
                    hits: 0
                )
                let isMeant = kind.operations?.contains(operation) ?? true
                #expect(fault.applies(to: .alipay, operation) == isMeant)
                #expect(!fault.applies(to: .wechatpay, operation))
            }
        }
        let spent = Fault(
            wallet: nil,
            operation: .pay,
            fault: .delay,
            probability: 1,
            count: 0,
            seconds: 0,
            hits: 3
        )
        #expect(!spent.applies(to: .alipay, .pay))
    }
}
