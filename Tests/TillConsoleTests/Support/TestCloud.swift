// Part of Tillbridge. See LICENSE.
import Foundation
import Logging
import Synchronization
import TillDomain
import TillStore
import TillStoreSQLite

@testable import TillCloud
@testable import TillConsole

/// A cloud's admin commands on a real database, without sockets and without wallets, in a console's time. What reaches
/// it is noted, and a test may have it fail.
final class TestCloud: Sendable {
    enum Fault: Sendable {
        /// Nothing is done, and nobody answers.
        case deaf
        /// A change of the routing is done, and nobody answers; everything else works.
        case mute
    }

    /// Secrets of the accounts: nothing of them may ever be seen.
    static let canaries = ["CanaryKeyOfWeChatPay000000000001", "CanaryKeyOfQQWallet0000000000002", "canary-password"]

    /// Accounts that need no certificate, as an exported file.
    static let accounts = """
        {"baseURL":"http://127.0.0.1:1",
        "wechatpay":{"appID":"wx00000000007001","mchID":"1900007002","apiKey":"\(canaries[0])"},
        "qqwallet":{"mchID":"1500007003","apiKey":"\(canaries[1])","opUserID":"1500007004","opUserPassword":"\(canaries[2])"}}
        """

    let clock: TestConsole.Clock
    private let core: CloudCore
    private let folder: String
    private let state = Mutex((fault: Fault?.none, requests: [AdminRequest](), testReply: AdminReply?.none))

    private struct CloudTime: CloudClock {
        let clock: TestConsole.Clock

        func now() -> Timestamp { Timestamp(milliseconds: clock.now) }
    }

    private static let keys = Result { () -> String in
        let path = FileManager.default.temporaryDirectory.appending(path: "console-keys-\(UUID().uuidString)").path
        try KeyFolder(path: path).make()
        return path
    }

    init() async throws {
        let clock = TestConsole.Clock()
        self.clock = clock
        folder = FileManager.default.temporaryDirectory.appending(path: "console-cloud-\(UUID().uuidString)").path
        try PrivateFile.createFolder(folder)
        let time = CloudTime(clock: clock)
        let settings = CloudSettings(name: .a, data: folder, keys: KeyFolder(path: try TestCloud.keys.get()))
        core = try await CloudCore(
            settings: settings,
            store: SQLiteStore.open(path: folder + "/cloud.sqlite", cloud: .a, clock: { time.now() }),
            clock: time,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            wallets: nil
        )
    }

    func close() async {
        await core.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    func set(_ fault: Fault?) { state.withLock { $0.fault = fault } }

    /// What a test payment says from now on.
    func set(testReply json: String) { state.withLock { $0.testReply = AdminReply(text: "", json: json) } }

    var requests: [AdminRequest] { state.withLock { $0.requests } }

    var routing: Routing? { core.directory.snapshot.routing }

    /// The account that takes a wallet's payments at a store.
    func account(_ wallet: Wallet, at store: String) -> String? {
        routing?.account(of: wallet, store: Array(store.utf8), at: Timestamp(milliseconds: clock.now))
    }

    @discardableResult
    func perform(_ request: AdminRequest, by person: String = "test") async throws -> AdminReply {
        try await AdminService(core, person: person).perform(request)
    }

    var send: CloudLines.Send {
        { request, _, person in
            let (fault, reply) = self.state.withLock { state in
                state.requests.append(request)
                return (state.fault, state.testReply)
            }
            if fault == .deaf { return nil }
            if case .testPayment = request, let reply { return reply }
            let done = try await self.perform(request, by: person)
            if fault == .mute, case .editSignFlags = request { return nil }
            return done
        }
    }
}
