// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Testing
import TillCloud
import TillDemo
import TillDomain
import TillEngine
import TillSandbox
import TillStore
import TillStoreSQLite

@testable import TillDemoChain

@Suite("The chain's day, played") struct ChainSeedTests {
    /// Now: what the wallets sign with has to hold on the day.
    private static let end = SystemClock().now()

    /// What a seed has left on the disk.
    private final class Seeded: Sendable {
        let result: ChainSeed.Result
        let a: SQLiteStore
        let b: SQLiteStore
        let wallets: SandboxState
        let payments: [CloudPayment]
        let folder: String

        init(sales: Int = 400) async throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: "chain-\(UUID().uuidString)").path
            self.folder = folder
            let keys = KeyFolder(path: folder + "/keys")
            try TillCloud.PrivateFile.createFolder(folder)
            try keys.make()
            var settings = ChainSeed.Settings(
                keys: keys.path,
                cloudA: folder + "/a",
                cloudB: folder + "/b",
                sandbox: folder + "/sandbox",
                export: folder + "/export",
                console: folder + "/console",
                sandboxURL: "http://127.0.0.1:1",
                sandboxTLS: "https://127.0.0.1:2",
                supervisor: ("demo", "2580"),
                end: end
            )
            settings.sales = sales
            // No chart is drawn here; any file will do.
            settings.chartLibrary = #filePath
            result = try await ChainSeed(settings).make()
            a = try SQLiteStore.open(path: folder + "/a/cloud.sqlite", cloud: .a) { end }
            b = try SQLiteStore.open(path: folder + "/b/cloud.sqlite", cloud: .b) { end }
            let books = try SandboxStore(folder: folder + "/sandbox")
            wallets = try SandboxState(restoring: books.readAll(), pace: .real, seed: 1, realisticShoppers: false)
            books.close()
            var payments: [CloudPayment] = []
            for store in [a, b] {
                var filter = PaymentFilter()
                filter.limit = 1_000
                while true {
                    let page = try await store.payments(filter)
                    payments += page
                    guard page.count == filter.limit, let last = page.last else { break }
                    filter.after = PaymentPlace(last)
                }
            }
            self.payments = payments
        }

        func close() async {
            await a.close()
            await b.close()
            try? FileManager.default.removeItem(atPath: folder)
        }

        /// What the wallet holds of a payment, in fen.
        func held(_ payment: CloudPayment) -> Int64 {
            SandboxWallet.allCases.flatMap { wallets[$0].trades(number: "\(payment.intent.orderNumber)") }
                .reduce(0) { $0 + $1.net }
        }
    }

    @Test("what the logs say was paid is what the wallets hold, fen by fen and the other way round")
    func books() async throws {
        let seeded = try await Seeded()
        for payment in seeded.payments {
            let isPaid = [.confirmed, .paid, .stuck].contains(payment.state)
            let refunded = payment.record.refunds.reduce(0) { $0 + ($1.state == .done ? $1.amount.fen : 0) }
            #expect(
                seeded.held(payment) == (isPaid ? payment.intent.amount.fen - refunded : 0),
                "\(payment.intent.orderNumber) is \(payment.state)"
            )
        }
        let numbers = Set(seeded.payments.map { "\($0.intent.orderNumber)" })
        #expect(numbers.count == seeded.payments.count && numbers.count == seeded.result.payments)
        for wallet in SandboxWallet.allCases {
            let book = seeded.wallets[wallet]
            for key in book.sequence {
                let trade = try #require(book.trade(number: key))
                #expect(numbers.contains(trade.merchantOrderNumber), "a trade that no cloud knows")
            }
        }
        #expect(seeded.wallets.faults.isEmpty)
        await seeded.close()
    }

    @Test("both logs' chains hold, and each cloud has read the other's to its end")
    func logs() async throws {
        let seeded = try await Seeded()
        #expect(try await seeded.a.verifyLog() == nil)
        #expect(try await seeded.b.verifyLog() == nil)
        for (reader, source, name) in [(seeded.b, seeded.a, CloudName.a), (seeded.a, seeded.b, .b)] {
            let head = try await source.log(after: 0, limit: 1).head
            #expect(head > 100)
            #expect(try await reader.peerCursor(of: name).head.sequence == head)
        }
        // Cloud B pays by what cloud A has published.
        #expect(try await seeded.b.documents(.store).count == 40)
        #expect(try await seeded.b.documents(.register).count == 100)
        await seeded.close()
    }

    @Test("the day ends in every way that a payment can, and three wait for a person")
    func states() async throws {
        let seeded = try await Seeded(sales: 1_500)
        let displays = Set(seeded.payments.map(\.display))
        #expect(
            displays.isSuperset(of: [
                .succeeded, .failed, .revoked, .revokeFailed, .partRefunded, .refunded, .refundFailed,
            ])
        )
        let queued = seeded.payments.filter(\.record.queued)
        #expect(queued.count == 3)
        #expect(queued.count { $0.state == .paid } == 2)
        #expect(queued.contains { $0.state == .stuck && $0.record.stuckReason == .tradeDiffers })
        // Nothing is left that only a register could end.
        let open = seeded.payments.filter { [.sending, .unknown, .revoking].contains($0.state) }
        #expect(open.map(\.intent.orderNumber) == [])
        // The running registers have not sold anything: their plug-ins begin to count.
        let sold = Set(seeded.payments.map { "\($0.intent.orderNumber.register)" })
        #expect(seeded.result.running.count == 4 && sold.isDisjoint(with: seeded.result.running))
        await seeded.close()
    }

    @Test("the console knows regions, stores with their states, and both launches, each change with its entry")
    func organisation() async throws {
        let seeded = try await Seeded(sales: 50)
        let console = try DatabaseQueue(path: seeded.folder + "/console/console.sqlite")
        func counts(_ column: String, _ condition: String) throws -> [String: Int] {
            try console.read { database in
                try Row.fetchAll(
                    database,
                    sql: "SELECT \(column) AS name, count(*) AS number FROM node WHERE \(condition) GROUP BY \(column)"
                ).reduce(into: [:]) { $0[$1["name"]] = $1["number"] }
            }
        }
        #expect(try counts("kind", "1") == ["group": 1, "region": 4, "city": 11, "store": 40])
        #expect(try counts("state", "kind = 'store'") == ["live": 33, "paused": 2, "testing": 3, "draft": 2])
        let launches = try await console.read { try String.fetchAll($0, sql: "SELECT state FROM launch ORDER BY id") }
        #expect(launches == ["finished", "preparing"])
        let actions = try await console.read { try String.fetchSet($0, sql: "SELECT action FROM audit") }
        #expect(
            actions.isSuperset(of: [
                "place.imported", "launch.created", "launch.started", "launch.live", "launch.finished",
                "launch.storePaused",
            ])
        )
        try console.close()
        await seeded.close()
    }

    @Test("the same seed and day give the same payments")
    func determinism() async throws {
        func facts(_ seeded: Seeded) -> [String] {
            seeded.payments.map { payment in
                let trade = payment.record.trade.map { "\($0.transaction)" } ?? ""
                return "\(payment.intent.line) \(payment.display) \(trade) \(payment.record.changedAt.milliseconds)"
            }.sorted()
        }
        let (one, other) = (try await Seeded(sales: 200), try await Seeded(sales: 200))
        #expect(facts(one) == facts(other))
        await one.close()
        await other.close()
    }
}
