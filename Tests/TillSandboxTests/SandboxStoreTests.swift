// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillSandbox

@Suite struct SandboxStoreTests {
    @Test("a restart loses nothing: trades, codes, ledger, late calls, fences, settings")
    func restart() async throws {
        let folder = try TemporaryFolder()
        var bench = Bench()
        bench.choose("refused", for: .cancelledUnknownThenPay)
        for wallet in SandboxWallet.allCases {
            bench.pay(wallet, "PAID01")
            bench.pay(wallet, "WAITING", .password)
            bench.pass(UnionPayWallet.deliberation)
            let code = bench.code(wallet)
            bench.state[wallet].add(
                LatePay(id: "x", due: bench.now + 9000, request: bench.request(wallet, "LATE01", code: code))
            )
        }
        _ = bench.cancel("NEVER01")
        _ = bench.alipayRefund("PAID01", "R1", 100, course: RefundCourse(failsAfter: 5000))
        _ = bench.weChatRefund("PAID01", "R1", 200)
        _ = bench.qqRefund("PAID01", "R1", 300)
        _ = bench.unionGiveBack("PAID01", "R1", 400)
        _ = bench.consume("PAID01", time: "20261122183001")
        _ = bench.unionReverse("NEVER01")
        bench.state.faults = [
            Fault(
                wallet: .alipay,
                operation: nil,
                fault: .delay,
                probability: 0.5,
                count: 3,
                seconds: 1.5,
                hits: 2
            )
        ]
        bench.state.clockOffset = 4321
        bench.state.storeSettings()
        do {
            let store = try SandboxStore(folder: folder.path)
            try await store.write(bench.state.drainChanges())
            // A second write of the same rows replaces them.
            bench.pass(2000)
            try await store.write(bench.state.drainChanges())
            store.close()
        }
        let store = try SandboxStore(folder: folder.path)
        var restored = Bench()
        restored.state = try SandboxState(
            restoring: store.readAll(),
            pace: .real,
            seed: 1,
            realisticShoppers: false
        )
        restored.now = bench.now
        #expect(restored.state.faults == bench.state.faults)
        #expect(restored.state.clockOffset == 4321)
        #expect(restored.state.policies.all == bench.state.policies.all)
        // Both go on in the same way.
        bench.pass(60 * Bench.second)
        restored.pass(60 * Bench.second)
        for wallet in SandboxWallet.allCases {
            let (before, after) = (bench.state[wallet], restored.state[wallet])
            #expect(after.codes == before.codes)
            #expect(after.shoppers == before.shoppers)
            #expect(after.sequence == before.sequence)
            for number in before.sequence where !number.hasPrefix("LATE01") {
                #expect(after.trade(number: number) == before.trade(number: number))
            }
            #expect(after.trades(number: "LATE01").map(\.net) == [1290])
            #expect(after.trades(number: "PAID01").count == (wallet == .unionpay ? 2 : 1))
            #expect(after.ledger.sum == 0)
            #expect(after.ledger.shoppers == before.ledger.shoppers)
            #expect(after.isFenced("NEVER01") == before.isFenced("NEVER01"))
        }
        #expect(restored.state.alipay.book.isFenced("NEVER01"))
        #expect(restored.unionReverse("NEVER01") == .refused(code: "34"))
        #expect(restored.consume("NEVER01").refusal == .alreadyReversed)
        #expect(restored.unionOutcome("R1") == "00")
        store.close()
    }

    @Test("books that another sandbox has open are refused in one sentence")
    func inUse() throws {
        let folder = try TemporaryFolder()
        let first = try SandboxStore(folder: folder.path)
        #expect {
            _ = try SandboxStore(folder: folder.path)
        } throws: { ($0 as? SandboxError)?.description.contains("in use by another sandbox") == true }
        first.close()
    }

    @Test("a damaged file is refused and not touched")
    func damaged() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/sandbox.sqlite"
        let text = String(repeating: "this is no database ", count: 400)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        #expect {
            _ = try SandboxStore(folder: folder.path)
        } throws: { ($0 as? SandboxError)?.description.contains("damaged") == true }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }

    @Test("keys of an older version are completed, and nothing in them changes")
    func olderKeys() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/keys.json"
        let keys = try SandboxKeys.make()
        var older = try JSONText.decode([String: [String: String]].self, from: try JSONText.encode(keys))
        for name in ["wechatpayV3", "qqwallet", "unionpay"] { #expect(older.removeValue(forKey: name) != nil) }
        try PrivateFile.write(try JSONText.encode(older), to: path)
        let first = try SandboxKeys.load(folder: folder.path)
        #expect(first.alipay.merchantPrivateKeyPKCS8 == keys.alipay.merchantPrivateKeyPKCS8)
        #expect(first.wechatpay.apiKey == keys.wechatpay.apiKey)
        #expect(first.tls.clientKey == keys.tls.clientKey)
        // The same at the next start, byte for byte.
        let stored = try PrivateFile.read(path)
        let second = try SandboxKeys.load(folder: folder.path)
        #expect(second.wechatpayV3.apiV3Key == first.wechatpayV3.apiV3Key)
        #expect(second.qqwallet.apiKey == first.qqwallet.apiKey)
        #expect(second.unionpay.signPrivateKey == first.unionpay.signPrivateKey)
        #expect(try PrivateFile.read(path) == stored)
    }

    @Test("keys that others may read are refused")
    func openKeys() throws {
        let folder = try TemporaryFolder()
        let keys = try SandboxKeys.load(folder: folder.path)
        #expect(try SandboxKeys.load(folder: folder.path).wechatpay.apiKey == keys.wechatpay.apiKey)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o644],
            ofItemAtPath: folder.path + "/keys.json"
        )
        #expect {
            _ = try SandboxKeys.load(folder: folder.path)
        } throws: { ($0 as? SandboxError)?.description.contains("chmod 600") == true }
    }
}

/// A folder that goes away with the test.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "tillsandbox-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
