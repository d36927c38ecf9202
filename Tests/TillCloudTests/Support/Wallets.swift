// Part of Tillbridge. See LICENSE.
import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Synchronization
import TillSandbox

/// The wallets' sandbox on free ports of this machine.
final class Wallets: Sendable {
    let url: String
    /// The content of `sandbox.json`.
    let settings: String

    private static let sharedKeys = Result { try SandboxKeys.make() }

    private init(url: String, settings: String) {
        self.url = url
        self.settings = settings
    }

    /// Runs a sandbox around `body` and ends it gracefully.
    static func running(speed: Double = 1, _ body: @Sendable @escaping (Wallets) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        var configuration = SandboxConfiguration()
        configuration.port = 0
        configuration.tlsPort = 0
        configuration.data = folder.file("data")
        configuration.export = folder.file("keys")
        // One set of keys for all tests: drawing RSA keys takes longer than most of them.
        try sharedKeys.get().write(to: folder.file("data"))
        configuration.seed = 7
        configuration.speed = speed
        let (ready, continuation) = AsyncStream.makeStream(of: SandboxService.Addresses.self)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let service = try SandboxService(configuration, logger: logger) { continuation.yield($0) }
        let group = ServiceGroup(services: [service], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { continuation.finish() }
                try await group.run()
            }
            for await addresses in ready {
                let settings = try String(contentsOfFile: addresses.keys ?? "", encoding: .utf8)
                do {
                    try await body(Wallets(url: addresses.sandbox, settings: settings))
                } catch {
                    await group.triggerGracefulShutdown()
                    try? await tasks.waitForAll()
                    throw error
                }
                await group.triggerGracefulShutdown()
            }
            try await tasks.waitForAll()
        }
    }

    /// The shared keys and passwords among the settings.
    var secrets: [String] {
        settings.matches(of: /"(?:apiKey|opUserPassword)"\s*:\s*"([^"]+)"/).map { String($0.1) }
    }

    /// A payment code of a shopper who behaves so.
    func code(_ wallet: String, behaviour: String? = nil) async throws -> String {
        struct Issued: Decodable { let code: String }
        let body = ["wallet": wallet].merging(behaviour.map { ["behaviour": $0] } ?? [:]) { $1 }
        return try JSONDecoder().decode(
            Issued.self,
            from: try await call(.POST, "/sandbox/v1/codes", try JSONEncoder().encode(body))
        ).code
    }

    func confirm(_ code: String) async throws { _ = try await call(.POST, "/sandbox/v1/codes/\(code)/confirm", Data()) }

    func fault(_ fault: String, of operation: String, at wallet: String, count: Int? = nil) async throws {
        let limit = count.map { #","count":\#($0)"# } ?? ""
        let body = #"[{"wallet":"\#(wallet)","operation":"\#(operation)","fault":"\#(fault)"\#(limit)}]"#
        _ = try await call(.PUT, "/sandbox/v1/faults", Data(body.utf8))
    }

    func heal() async throws { _ = try await call(.DELETE, "/sandbox/v1/faults", Data()) }

    struct Trade: Decodable {
        let state: String
        let net: Int64
    }

    /// The wallet's truth about an order number.
    func trades(_ number: String) async throws -> [Trade] {
        let path = "/sandbox/v1/trades?merchantOrderNumber=\(number)"
        return try JSONDecoder().decode([Trade].self, from: try await call(.GET, path, Data()))
    }

    private func call(_ method: HTTPMethod, _ path: String, _ body: Data) async throws -> Data {
        var request = HTTPClientRequest(url: url + path)
        request.method = method
        request.headers.add(name: "content-type", value: "application/json")
        if !body.isEmpty { request.body = .bytes(ByteBuffer(bytes: body)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let content = Data(Array(buffer: try await response.body.collect(upTo: 1 << 20)))
        guard (200..<300).contains(response.status.code) else { throw RigError.badAnswer }
        return content
    }
}
