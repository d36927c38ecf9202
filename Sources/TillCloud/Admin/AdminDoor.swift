// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation
import Glibc
import Logging
import ServiceLifecycle
import TillDomain
import TillProtocol

/// The local door of a running cloud for admin commands: HTTP on a free port of loopback. Where it is, and the token
/// that opens it, stands in `admin.json` of the data folder, readable by its owner alone. So the commands work on the
/// running cloud's own store and caches, and a second process never opens its database.
struct AdminDoor: Service {
    struct Address: Codable {
        let port: Int
        let token: String
    }

    static func file(in folder: String) -> String { folder + "/admin.json" }

    private let server: GatewayServer
    private let file: String

    init(core: CloudCore, started: @escaping @Sendable () async -> Void) throws {
        let token = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0).base64EncodedString() }
        let file = AdminDoor.file(in: core.settings.data)
        self.file = file
        server = try GatewayServer(
            handler: Handler(service: AdminService(core), token: token, logger: core.logger),
            host: "127.0.0.1",
            port: 0,
            transport: nil,
            logger: core.logger
        ) { port in
            do {
                try AdminDoor.write(Address(port: port, token: token), to: file)
            } catch {
                core.logger.error("admin commands cannot reach this cloud", metadata: ["error": "\(error)"])
            }
            await started()
        }
    }

    private static func write(_ address: Address, to file: String) throws {
        let temporary = file + ".new"
        _ = unlink(temporary)
        try PrivateFile.create(temporary, content: try DocumentCoder.encode(address))
        guard rename(temporary, file) == 0 else {
            throw StartError("The file \(file) cannot be written: check the folder.")
        }
    }

    func run() async throws {
        defer { _ = unlink(file) }
        try await server.run()
    }

    private struct Handler: GatewayHandler {
        let service: AdminService
        let token: String
        let logger: Logger

        func bodyLimit(method: String, path: String) -> Int? { method == "POST" && path == "/admin" ? 1 << 20 : nil }

        func answer(_ request: GatewayRequest) async -> GatewayAnswer {
            let expected = Array("Bearer \(token)".utf8)
            guard let given = request.headers.only("authorization"), ConstantTime.equal(given, expected) else {
                return GatewayAnswer(Problem(.unauthorized, detail: "The token of admin.json is missing or old."))
            }
            do {
                // Not on the threads of the payments: a statement is work for seconds.
                let reply = try await withTaskExecutorPreference(globalConcurrentExecutor) {
                    let command = try DocumentCoder.decode(AdminRequest.self, from: request.body)
                    return try DocumentCoder.encode(try await service.perform(command))
                }
                return .json(reply)
            } catch let error as StartError {
                return .text(error.sentence, status: 422)
            } catch {
                logger.error("admin command failed", metadata: ["error": "\(error)"])
                return .text("The command failed: \(error)", status: 500)
            }
        }
    }
}
