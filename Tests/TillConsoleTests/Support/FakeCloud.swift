// Part of Tillbridge. See LICENSE.
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

@testable import TillCloud

/// The local door of a cloud, and behind it as much of one as commands about stores and registers need.
final class FakeCloud: Sendable {
    private struct State {
        var requests: [AdminRequest] = []
        var stores: Set<String> = []
        var codes = 0
    }

    private let state = Mutex(State())

    /// The commands that came, oldest first.
    var requests: [AdminRequest] { state.withLock { $0.requests } }

    /// Runs it on a folder while `body` runs.
    func running(on folder: String, _ body: () async throws -> Void) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let router = Router()
        router.post("/admin") { request, _ -> Response in
            var request = request
            let bytes = try await request.collectBody(upTo: 4 << 20)
            let command = try JSONDecoder().decode(AdminRequest.self, from: Data(Array(buffer: bytes)))
            do {
                let reply = AdminReply(text: "", json: try self.answer(command))
                let json = ByteBuffer(bytes: try JSONEncoder().encode(reply))
                return Response(status: .ok, body: ResponseBody(byteBuffer: json))
            } catch let error as StartError {
                let text = ByteBuffer(string: error.sentence)
                return Response(status: .unprocessableContent, body: ResponseBody(byteBuffer: text))
            }
        }
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in continuation.yield(channel.localAddress?.port ?? 0) },
            logger: logger
        )
        let group = ServiceGroup(services: [application], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            for await port in ports {
                try PrivateFile.createFolder(folder)
                let file = folder + "/admin.json"
                try PrivateFile.create(file, content: Array("{\"port\":\(port),\"token\":\"test\"}".utf8))
                break
            }
            do {
                try await body()
            } catch {
                await group.triggerGracefulShutdown()
                try? await tasks.waitForAll()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private func answer(_ command: AdminRequest) throws -> String {
        try state.withLock { state in
            state.requests.append(command)
            switch command {
            case .addStore(_, let code):
                let code = code ?? "QF00\(100 + state.stores.count)"
                guard state.stores.insert(code).inserted else { throw StartError("this store exists already.") }
                return "{\"store\":\"\(code)\"}"
            case .provision(let plans):
                let rows = plans.map { plan in
                    let code = plan.code ?? "QF00\(100 + state.stores.count)"
                    let isNew = state.stores.insert(code).inserted
                    return "{\"store\":\"\(code)\",\"added\":\(isNew),\"registers\":[]}"
                }
                return "{\"stores\":[\(rows.joined(separator: ","))]}"
            case .addRegister(let store, _): return drawn("\(store)01", &state)
            case .newCode(let register): return drawn(register, &state)
            case .showRouting: throw StartError("No routing has been published.")
            default: return "{}"
            }
        }
    }

    private func drawn(_ register: String, _ state: inout State) -> String {
        state.codes += 1
        return "{\"register\":\"\(register)\",\"code\":\"SECRET-\(state.codes)\",\"expiresAt\":1764486400000}"
    }
}
