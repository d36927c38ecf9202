// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization
import TillDomain
import TillStore

@testable import TillConsole

/// A console on a folder of its own, in virtual time, without sockets.
final class TestConsole: Sendable {
    static let password = "correct horse 7 battery"
    static let host = "127.0.0.1:7700"

    let console: Console
    let folder: String

    /// - Parameters:
    ///   - send: In place of the clouds' local doors; nobody answers there without it.
    ///   - resolve: In place of the system's names of machines.
    ///   - clock: Shared with what else shall live in the same time.
    init(
        _ change: (inout ConsoleSettings) -> Void = { _ in },
        send: CloudLines.Send? = nil,
        clock: Clock = Clock(),
        resolve: @escaping InternetAddress.Resolve = InternetAddress.system
    ) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "console-\(UUID().uuidString)").path
        var settings = ConsoleSettings(data: folder)
        settings.clouds = [folder + "/no-cloud"]
        // No chart is drawn here; any file will do.
        settings.chartLibrary = #filePath
        change(&settings)
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        console = try await Console(
            settings: settings,
            logger: logger,
            now: { clock.now },
            clouds: send.map { CloudLines(folders: settings.clouds, send: $0) } ?? CloudLines(folders: settings.clouds),
            resolve: resolve
        )
        self.clock = clock
    }

    /// Virtual time.
    final class Clock: Sendable {
        private let time = Mutex<Int64>(1_764_400_000_000)

        var now: Int64 { time.withLock { $0 } }

        func pass(milliseconds: Int64) { time.withLock { $0 += milliseconds } }
    }

    private let clock: Clock

    var now: Int64 { clock.now }

    func pass(milliseconds: Int64) { clock.pass(milliseconds: milliseconds) }

    deinit {
        try? console.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    // MARK: - People and places

    /// One hash for all, since making one takes a tenth of a second.
    static let hash = Result { try PasswordHash(of: password) }

    @discardableResult
    func addUser(_ name: String, roles: [(role: String, node: Int64)] = [], secondFactorIsOff: Bool = true) async throws
        -> Int64
    {
        let hash = try TestConsole.hash.get()
        let now = now
        return try await console.pool.write { database in
            try Users.add(
                Users.New(
                    name: name,
                    fullName: name.capitalized,
                    password: hash,
                    passwordIsGiven: false,
                    secondFactorIsOff: secondFactorIsOff,
                    roles: roles
                ),
                at: now,
                database
            )
        }
    }

    /// A place below another.
    func addNode(_ kind: Node.Kind, _ code: String, below parent: Int64 = 1) async throws -> Node {
        try await console.pool.write { database in
            guard let above = try Node.of(id: parent, database) else { throw ConsoleProblem.notFound }
            let id = try Organisation.add(
                kind,
                code: code,
                name: "Name of \(code)",
                below: above,
                state: kind == .store ? .draft : nil,
                database
            )
            guard let node = try Node.of(id: id, database) else { throw ConsoleProblem.notFound }
            return node
        }
    }

    // MARK: - Requests

    /// Signs in without a password.
    func session(of user: Int64, isOpen: Bool = true) async throws -> Browser {
        let now = now
        let (token, csrf) = try await console.pool.write { database in
            let token = try Sessions.begin(
                user: user,
                isOpen: isOpen,
                address: "127.0.0.1",
                agent: "test",
                at: now,
                database
            )
            let csrf = try String.fetchOne(database, sql: "SELECT csrf FROM session ORDER BY id DESC LIMIT 1") ?? ""
            return (token, csrf)
        }
        return Browser(console: self, token: token, csrf: csrf)
    }

    var nobody: Browser { Browser(console: self, token: nil, csrf: "") }
}

struct Answer: Sendable {
    let status: Int
    let headers: HTTPFields
    let body: String

    var location: String? { headers[.location] }
}

/// Sends requests to a console's gate, as a browser with one session would.
struct Browser: Sendable {
    let console: TestConsole
    let token: String?
    let csrf: String

    func get(_ path: String, headers: HTTPFields = [:]) async throws -> Answer {
        try await send(.get, path, body: nil, headers: headers)
    }

    /// Sends a form with the session's token, from the console's own origin.
    func post(_ path: String, _ fields: [(String, String)] = [], headers: HTTPFields = [:]) async throws -> Answer {
        let all = [("csrf", csrf)] + fields
        var headers = headers
        if headers[.origin] == nil { headers[.origin] = "http://\(TestConsole.host)" }
        headers[.contentType] = "application/x-www-form-urlencoded"
        let body = all.map { "\(Form.encoded($0))=\(Form.encoded($1))" }.joined(separator: "&")
        return try await send(.post, path, body: body, headers: headers)
    }

    func send(_ method: HTTPRequest.Method, _ path: String, body: String?, headers: HTTPFields) async throws -> Answer {
        var headers = headers
        if let token { headers[.cookie] = "\(Gate.sessionCookie)=\(token)" }
        let head = HTTPRequest(
            method: method,
            scheme: "http",
            authority: TestConsole.host,
            path: path,
            headerFields: headers
        )
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(string: body ?? "")))
        guard let (route, parameters) = Browser.route(method, path) else {
            return Answer(status: 404, headers: [:], body: "")
        }
        var context = ConsoleContext(address: "127.0.0.1")
        context.coreContext.parameters = parameters
        let response = await Gate(console: console.console).answer(request, context, route)
        let collector = Collector()
        try await response.body.write(collector)
        return Answer(
            status: response.status.code,
            headers: response.headers,
            body: String(buffer: collector.content.withLock { $0 })
        )
    }

    /// The route of a path, literal parts before parameters, as the router finds it.
    private static func route(_ method: HTTPRequest.Method, _ path: String) -> (ConsoleRoute, Parameters)? {
        let parts = path.prefix { $0 != "?" }.split(separator: "/", omittingEmptySubsequences: true)
        var best: (route: ConsoleRoute, parameters: Parameters, literals: Int)?
        for route in Console.routes where route.method == method {
            let pattern = route.path.split(separator: "/", omittingEmptySubsequences: true)
            guard pattern.count == parts.count else { continue }
            var (parameters, literals, fits) = (Parameters(), 0, true)
            for (wanted, given) in zip(pattern, parts) {
                if wanted.hasPrefix(":") {
                    parameters[wanted.dropFirst()] = given
                } else if wanted == given {
                    literals += 1
                } else {
                    fits = false
                }
            }
            if fits, literals >= best?.literals ?? 0 { best = (route, parameters, literals) }
        }
        return best.map { ($0.route, $0.parameters) }
    }

    private final class Collector: ResponseBodyWriter, Sendable {
        let content = Mutex(ByteBuffer())

        func write(_ buffer: ByteBuffer) async throws {
            content.withLock { _ = $0.writeImmutableBuffer(buffer) }
        }

        func finish(_ trailers: HTTPFields?) async throws {}
    }
}
