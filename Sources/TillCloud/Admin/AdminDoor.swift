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

    static let commands = "/admin"
    static let log = "/log"
    static let personHeader: StaticString = "tillbridge-person"
    /// The other cloud's business: 421, misdirected request.
    static let elsewhere = 421

    static func file(in folder: String) -> String { folder + "/admin.json" }

    private let server: GatewayServer
    private let file: String

    init(core: CloudCore, started: @escaping @Sendable () async -> Void) throws {
        let token = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0).base64EncodedString() }
        let file = AdminDoor.file(in: core.settings.data)
        self.file = file
        server = try GatewayServer(
            handler: Handler(core: core, token: token),
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
        let core: CloudCore
        let token: String

        func bodyLimit(method: String, path: String) -> Int? {
            guard method == "POST" else { return nil }
            return switch path {
            case AdminDoor.commands: 1 << 20
            case AdminDoor.log: 1 << 10
            default: nil
            }
        }

        func answer(_ request: GatewayRequest) async -> GatewayAnswer {
            let expected = Array("Bearer \(token)".utf8)
            guard let given = request.headers.only("authorization"), ConstantTime.equal(given, expected) else {
                return GatewayAnswer(Problem(.unauthorized, detail: "The token of admin.json is missing or old."))
            }
            do {
                // Not on the threads of the payments: a statement is work for seconds.
                return try await withTaskExecutorPreference(globalConcurrentExecutor) {
                    request.path == AdminDoor.log ? try await log(request) : try await command(request)
                }
            } catch let error as StartError {
                return .text(error.sentence, status: error.isElsewhere ? AdminDoor.elsewhere : 422)
            } catch {
                core.logger.error("admin command failed", metadata: ["error": "\(error)"])
                return .text("The command failed: \(error)", status: 500)
            }
        }

        private func command(_ request: GatewayRequest) async throws -> GatewayAnswer {
            let person = request.headers.only(AdminDoor.personHeader).map { String(decoding: $0, as: UTF8.self) }
            let service = AdminService(core, person: person ?? "admin")
            let command: AdminRequest = try read(request)
            return .json(try DocumentCoder.encode(try await service.perform(command)))
        }

        private func log(_ request: GatewayRequest) async throws -> GatewayAnswer {
            let question: LogQuestion = try read(request)
            return .json(try DocumentCoder.encode(try await LogReader(core: core).answer(question)))
        }

        private func read<Body: Decodable>(_ request: GatewayRequest) throws(StartError) -> Body {
            do {
                return try DocumentCoder.decode(Body.self, from: request.body)
            } catch {
                throw StartError("This cloud does not know such a command (\(error)): use programs of one version.")
            }
        }
    }
}
