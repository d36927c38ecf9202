// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Hummingbird
import TillCloud

/// Registers of a store: their one-time codes, switching off and on, the end of one.
enum RegisterRoutes {
    static let all: [ConsoleRoute] = [
        .post("/organisation/places/:code/registers", .permission(.manageRegisters)) { try await add($0) },
        .post("/organisation/registers/:id/code", .permission(.manageRegisters)) { try await newCode($0) },
        .get("/organisation/registers/:id/code", .permission(.manageRegisters)) { try await code($0) },
        .post("/organisation/registers/:id/off", .permission(.manageRegisters)) { try await turn($0, off: true) },
        .post("/organisation/registers/:id/on", .permission(.manageRegisters)) { try await turn($0, off: false) },
        .post("/organisation/registers/:id/revoke", .permission(.manageRegisters)) { try await revoke($0) },
    ]

    /// The register of the path and its store. What lies elsewhere is not told from what does not exist.
    private static func register(_ call: Call) async throws -> (row: RegisterRow, store: Node) {
        let id = try call.parameter("id")
        let found = try await call.console.pool.read { database -> (RegisterRow, Node)? in
            guard let row = try RegisterRow.of(id: id, database),
                let store = try Node.of(code: row.store, database)
            else { return nil }
            return (row, store)
        }
        guard let (row, store) = found, try call.viewer.scope(of: .manageRegisters).covers(store.path) else {
            throw ConsoleProblem.notFound
        }
        return (row, store)
    }

    private static func storePath(_ code: String) -> String { "/organisation/places/\(Form.encoded(code))" }

    private static func add(_ call: Call) async throws -> Response {
        let store = try await PlaceRoutes.place(call, .manageRegisters)
        guard store.kind == .store else { throw ConsoleProblem.notFound }
        let name = call.form["registerName"]
        var reply = PlaceRoutes.Reply()
        reply.problems.checkName("registerName", name)
        let isTaken = try await call.console.pool.read { database in
            try RegisterRow.of(store: store.code, database).contains { $0.name == name && $0.state != .revoked }
        }
        if isTaken { reply.problems.add("registerName", Phrase("problem.registerTaken")) }
        guard reply.problems.isEmpty else { return try await PlaceRoutes.show(call, reply) }
        let hand = try call.hand
        let answer: AdminReply
        do {
            answer = try await call.console.clouds.perform(.addRegister(store: store.code, name: name), by: hand.actor)
        } catch let error as StartError {
            reply.problems.add("registerName", Phrase("problem.cloud", error.sentence))
            return try await PlaceRoutes.show(call, reply)
        }
        let drawn = try JSONDecoder().decode(Drawn.self, from: Data(answer.json.utf8))
        let event = try call.event("register.added", store.subject, after: "\(drawn.register), \(name)")
        try await call.console.pool.write { database in
            // The cloud's log tells the same in a moment.
            try database.execute(
                sql: "INSERT OR IGNORE INTO register (id, store, name, state, added_at) VALUES (?, ?, ?, 'new', ?)",
                arguments: [drawn.register, store.code, name, hand.now]
            )
            try AuditLog.append(event, at: hand.now, database)
        }
        return try shown(drawn, call)
    }

    private static func newCode(_ call: Call) async throws -> Response {
        let (row, store) = try await register(call)
        let hand = try call.hand
        let answer = try await call.console.clouds.perform(.newCode(register: row.id), by: hand.actor)
        let drawn = try JSONDecoder().decode(Drawn.self, from: Data(answer.json.utf8))
        let event = try call.event("register.code", store.subject, after: row.id)
        try await call.console.pool.write { try AuditLog.append(event, at: hand.now, $0) }
        return try shown(drawn, call)
    }

    private struct Drawn: Decodable {
        let register: String
        let code: String
        let expiresAt: Int64
    }

    /// To the page that shows the code once: a form that is sent twice draws no second one.
    private static func shown(_ drawn: Drawn, _ call: Call) throws -> Response {
        let ticket = call.console.codes.put(
            CodeShelf.Code(register: drawn.register, code: drawn.code, expiresAt: drawn.expiresAt),
            for: try call.viewer.id,
            at: call.now
        )
        return call.redirect("/organisation/registers/\(drawn.register)/code?ticket=\(ticket)")
    }

    private static func code(_ call: Call) async throws -> Response {
        let (row, store) = try await register(call)
        let code = call.console.codes.take(call.query["ticket"], for: try call.viewer.id, at: call.now)
        let fits = code?.register == row.id
        return try call.page(
            "register-code",
            [
                "register": row.id,
                "registerName": row.name,
                "store": store.name,
                "path": storePath(store.code),
                "isShown": fits,
                "code": fits ? code?.code ?? "" : "",
                "validText": fits
                    ? call.text(
                        Phrase(
                            "register.codeValid",
                            call.formats.moment(code?.expiresAt ?? 0),
                            call.console.settings.zone.identifier
                        )
                    ) : "",
            ]
        )
    }

    private static func turn(_ call: Call, off: Bool) async throws -> Response {
        let (row, store) = try await register(call)
        let hand = try call.hand
        _ = try await call.console.clouds.perform(.disableRegister(id: row.id, disabled: off), by: hand.actor)
        let event = try call.event(off ? "register.off" : "register.on", store.subject, after: row.id)
        try await call.console.pool.write { database in
            try database.execute(
                sql: "UPDATE register SET state = ? WHERE id = ? AND state IN ('active', 'disabled')",
                arguments: [(off ? RegisterRow.State.disabled : .active).rawValue, row.id]
            )
            try AuditLog.append(event, at: hand.now, database)
        }
        return call.redirect(storePath(store.code), said: off ? "registerOff" : "registerOn")
    }

    private static func revoke(_ call: Call) async throws -> Response {
        let (row, store) = try await register(call)
        let hand = try call.hand
        _ = try await call.console.clouds.perform(.revokeRegister(id: row.id), by: hand.actor)
        let event = try call.event("register.revoked", store.subject, after: row.id)
        try await call.console.pool.write { database in
            try database.execute(sql: "UPDATE register SET state = 'revoked' WHERE id = ?", arguments: [row.id])
            try AuditLog.append(event, at: hand.now, database)
        }
        return call.redirect(storePath(store.code), said: "registerRevoked")
    }
}

enum RegisterView {
    private static func look(_ state: RegisterRow.State) -> (style: String, icon: String) {
        switch state {
        case .new: ("grey-line", "clock")
        case .active: ("green", "check")
        case .disabled: ("orange", "cross")
        case .revoked: ("grey-solid", "cross")
        }
    }

    static func model(_ row: RegisterRow, mayManage: Bool, _ call: Call) -> [String: Any] {
        let state = look(row.state)
        let isOnline = row.isOnline(at: call.now)
        return [
            "id": row.id,
            "registerName": row.name,
            "stateChip": [
                "style": state.style, "icon": state.icon,
                "name": call.text(Phrase(family: "registerState", row.state.rawValue)),
            ],
            "laneChip": [
                "style": row.lane.look.style, "icon": row.lane.look.icon,
                "name": call.text(Phrase(family: "lane", row.lane.rawValue)),
            ],
            "isOnline": isOnline,
            "contact": row.lastContact.map { call.formats.moment($0) } ?? call.text(Phrase("register.never")),
            "contactAge": row.lastContact.map {
                call.text(Phrase("register.ago", call.formats.duration(call.now - $0)))
            } ?? "",
            "hasContact": row.lastContact != nil,
            "program": row.program.isEmpty ? "–" : row.program,
            "mayCode": mayManage && row.state != .revoked,
            "mayTurnOff": mayManage && row.state == .active,
            "mayTurnOn": mayManage && row.state == .disabled,
            "mayRevoke": mayManage && row.state != .revoked,
            "hasActions": mayManage && row.state != .revoked,
        ]
    }
}
