// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillRegister

@Suite("The register behind the page") struct TillDeskTests {
    private let code = "280123456789012345"

    private func sale(_ reference: String = "S1") -> PaymentRequest {
        PaymentRequest(saleRef: reference, amount: 1280, paymentCode: code)
    }

    @Test("a paid sale is on paper before it is acknowledged, and the code is on no paper")
    func paid() async throws {
        try await withTemporaryFolder { folder in
            let plugin = FakePlugin()
            await plugin.answer("POST /v1/payments", paidAnswer("S1"))
            await plugin.answer("POST /v1/payments/S1/acknowledge", paidAnswer("S1"))
            let (log, entries) = try PaperLog.open(folder: folder)
            try await plugin.serving { client in
                let desk = TillDesk(plugin: client, paper: log, entries: entries)
                let reply = try await desk.pay(sale())
                guard case .answer(let answer) = reply else {
                    Issue.record("no answer")
                    return
                }
                #expect(answer.outcome == .paid)
                #expect(await desk.lastReceipt?.orderNumber == "TQF000K703343G7H2000016R")
                #expect(await desk.recentSales.first?.acknowledged == true)
            }
            #expect(await plugin.calls == ["POST /v1/payments", "POST /v1/payments/S1/acknowledge"])
            let lines = try paper(in: folder).split(separator: "\n")
            #expect(lines.count == 4)
            #expect(lines[1].contains(#""outcome":"paid""#) && lines[1].contains(#""kind":"told""#))
            #expect(lines[2].contains(#""call":"acknowledge""#) && lines[2].contains(#""kind":"asked""#))
            #expect(!lines.contains { $0.contains(code) })
        }
    }

    @Test("silence is no answer: the till asks on until it is told")
    func silence() async throws {
        try await withTemporaryFolder { folder in
            let plugin = FakePlugin()
            await plugin.answer("POST /v1/payments", "", status: 503)
            await plugin.answer("GET /v1/payments/S1", answer("S1", "waiting"), paidAnswer("S1"))
            await plugin.answer("POST /v1/payments/S1/acknowledge", paidAnswer("S1"))
            let (log, _) = try PaperLog.open(folder: folder)
            try await plugin.serving { client in
                let desk = TillDesk(plugin: client, paper: log)
                guard case .answer(let answer) = try await desk.pay(sale()) else {
                    Issue.record("no answer")
                    return
                }
                #expect(answer.outcome == .paid)
            }
            #expect(try paper(in: folder).contains(#""kind":"silence""#))
        }
    }

    @Test("a plug-in that never heard of the sale has not begun it")
    func unknownSale() async throws {
        try await withTemporaryFolder { folder in
            let plugin = FakePlugin()
            await plugin.answer("POST /v1/payments", "", status: 500)
            let (log, _) = try PaperLog.open(folder: folder)
            try await plugin.serving { client in
                let desk = TillDesk(plugin: client, paper: log)
                guard case .answer(let answer) = try await desk.pay(sale()) else {
                    Issue.record("no answer")
                    return
                }
                #expect(answer.outcome == .unavailable)
            }
        }
    }

    @Test(
        "an answer that is not in the book is silence, never a success",
        arguments: [
            #"{"outcome":"PAID","saleRef":"S1","amount":1280}"#, #"{"outcome":"paid"}"#, "paid", "{}",
            #"{"outcome":"success","saleRef":"S1","amount":1280}"#,
        ]
    )
    func unreadable(body: String) async throws {
        let plugin = FakePlugin()
        await plugin.answer("GET /v1/payments/S1", body)
        try await plugin.serving { client in
            guard case .silence = await client.status(of: "S1") else {
                Issue.record("read as an answer: \(body)")
                return
            }
        }
    }

    @Test("a till that stopped before acknowledging does so after its restart")
    func restart() async throws {
        try await withTemporaryFolder { folder in
            let plugin = FakePlugin()
            await plugin.answer("POST /v1/payments", paidAnswer("S1"))
            await plugin.answer("POST /v1/payments/S1/acknowledge", "", status: 503)
            do {
                let (log, _) = try PaperLog.open(folder: folder)
                try await plugin.serving { client in
                    _ = try await TillDesk(plugin: client, paper: log).pay(sale())
                }
            }
            await plugin.answer("POST /v1/payments/S1/acknowledge", paidAnswer("S1"))
            let (log, entries) = try PaperLog.open(folder: folder)
            try await plugin.serving { client in
                let desk = TillDesk(plugin: client, paper: log, entries: entries)
                #expect(await desk.recentSales.first?.acknowledged == false)
                try await desk.acknowledgeOpenSales()
                #expect(await desk.recentSales.first?.acknowledged == true)
            }
        }
    }

    @Test("a refused acknowledgement is not repeated")
    func refusedAcknowledgement() async throws {
        try await withTemporaryFolder { folder in
            let plugin = FakePlugin()
            await plugin.answer("POST /v1/payments", paidAnswer("S1"))
            await plugin.answer(
                "POST /v1/payments/S1/acknowledge",
                #"{"title":"Wrong state","status":409}"#,
                status: 409
            )
            let (log, _) = try PaperLog.open(folder: folder)
            try await plugin.serving { client in
                let desk = TillDesk(plugin: client, paper: log)
                _ = try await desk.pay(sale())
                try await desk.acknowledgeOpenSales()
                try await desk.acknowledgeOpenSales()
            }
            #expect(await plugin.calls.count == 3)
        }
    }

    @Test("cash needs no plug-in and is on paper")
    func cash() async throws {
        try await withTemporaryFolder { folder in
            let (log, _) = try PaperLog.open(folder: folder)
            try await FakePlugin().serving { client in
                let desk = TillDesk(plugin: client, paper: log)
                try await desk.takeCash(sale: "S7", amount: 450)
                #expect(await desk.lastReceipt?.cash == true)
            }
            #expect(try paper(in: folder).contains(#""kind":"cash""#))
        }
    }

    @Test("a sale taken in cash is not acknowledged when the wallet turns out to have paid it, after a restart neither")
    func cashAndWallet() async throws {
        try await withTemporaryFolder { folder in
            let plugin = FakePlugin()
            await plugin.answer("GET /v1/payments/S1", paidAnswer("S1"))
            do {
                let (log, _) = try PaperLog.open(folder: folder)
                try await plugin.serving { client in
                    let desk = TillDesk(plugin: client, paper: log)
                    try await desk.takeCash(sale: "S1", amount: 1280)
                    _ = try await desk.status(of: "S1")
                    try await desk.acknowledgeOpenSales()
                }
            }
            let (log, entries) = try PaperLog.open(folder: folder)
            try await plugin.serving { client in
                try await TillDesk(plugin: client, paper: log, entries: entries).acknowledgeOpenSales()
            }
            #expect(await plugin.calls == ["GET /v1/payments/S1"])
        }
    }

    @Test("a till that took cash stops asking for the payment")
    func cashEndsAsking() async throws {
        try await withTemporaryFolder { folder in
            let plugin = FakePlugin()
            await plugin.answer("POST /v1/payments", "", status: 503)
            await plugin.answer("GET /v1/payments/S1", "", status: 503)
            let (log, _) = try PaperLog.open(folder: folder)
            try await plugin.serving { client in
                let desk = TillDesk(plugin: client, paper: log)
                try await desk.takeCash(sale: "S1", amount: 1280)
                guard case .silence = try await desk.pay(sale(), patience: .seconds(30)) else {
                    Issue.record("the silence became an answer")
                    return
                }
            }
            #expect(await plugin.calls == ["POST /v1/payments"])
        }
    }

    @Test("sale references never repeat")
    func references() async throws {
        try await withTemporaryFolder { folder in
            let (log, _) = try PaperLog.open(folder: folder)
            try await FakePlugin().serving { client in
                let desk = TillDesk(plugin: client, paper: log)
                var seen: Set<String> = []
                for _ in 0..<500 { seen.insert(await desk.newSaleReference()) }
                #expect(seen.count == 500)
                #expect(seen.allSatisfy { $0.utf8.count <= 40 })
            }
        }
    }
}
