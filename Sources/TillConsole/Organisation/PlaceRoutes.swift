// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Hummingbird
import TillCloud

/// One place: what it is, what it sets, what stands below it; for a store, its registers.
enum PlaceRoutes {
    static let all: [ConsoleRoute] = [
        .get("/organisation/places/:code", .permission(.viewOrganisation)) { try await show($0) },
        .post("/organisation/places/:code/name", .permission(.editOrganisation)) { try await rename($0) },
        .post("/organisation/places/:code/parent", .permission(.editOrganisation)) { try await move($0) },
        .post("/organisation/places/:code/settings", .permission(.editOrganisation)) { try await set($0) },
        .post("/organisation/places/:code/places", .permission(.editOrganisation)) { try await add($0) },
    ]

    /// What the page shows beside what is stored.
    struct Reply: Sendable {
        var problems = Problems()
        /// What somebody else has made of it meanwhile, beside what was typed here.
        var conflicts: [(label: Phrase, theirs: String, mine: String)] = []

        var status: HTTPResponse.Status {
            if !conflicts.isEmpty { return .conflict }
            return problems.isEmpty ? .ok : .unprocessableContent
        }
    }

    /// The place of the path, if the viewer may see it. What lies elsewhere is not told from what does not exist.
    static func place(_ call: Call, _ permission: Permission = .viewOrganisation) async throws -> Node {
        let code = try call.parameter("code")
        let node = try await call.console.pool.read { try Node.of(code: code, $0) }
        guard let node, try call.viewer.scope(of: .viewOrganisation).covers(node.path) else {
            throw ConsoleProblem.notFound
        }
        try call.require(permission, at: node.path)
        return node
    }

    private static func path(_ node: Node) -> String { "/organisation/places/\(Form.encoded(node.code))" }

    static func show(_ call: Call, _ reply: Reply = Reply()) async throws -> Response {
        let node = try await place(call)
        let viewer = try call.viewer
        let view = PlaceView(call: call, viewer: viewer, reply: reply)
        let facts = try await call.console.pool.read { database in
            try PlaceView.Facts(
                node,
                edit: viewer.scope(of: .editOrganisation),
                view: viewer.scope(of: .viewOrganisation),
                audit: viewer.scope(of: .viewAudit),
                database
            )
        }
        let look = node.kind == .store ? await call.console.routing.look(at: call.console.clouds, now: call.now) : .none
        return try call.page("place", view.model(facts, look), status: reply.status)
    }

    // MARK: - Changes

    private static func version(_ call: Call) throws -> Int64 {
        guard let version = Int64(call.form["version"]) else { throw ConsoleProblem.notFound }
        return version
    }

    private static func rename(_ call: Call) async throws -> Response {
        let node = try await place(call, .editOrganisation)
        let (name, version, hand) = (call.form["name"], try version(call), try call.hand)
        var reply = Reply()
        reply.problems.checkName("name", name)
        guard reply.problems.isEmpty else { return try await show(call, reply) }
        do {
            let seen = try await call.console.pool.read { database in
                let seen = try PlaceDesk.seen(node.id, version: version, database)
                try PlaceDesk.checkName(name, of: seen.kind, below: seen.parent, except: seen.id, database)
                return seen
            }
            guard seen.name != name else { return call.redirect(path(node)) }
            if node.kind == .store {
                // Shoppers read the clouds' name in their wallets.
                _ = try await call.console.clouds.perform(.renameStore(code: node.code, name: name), by: hand.actor)
            }
            try await call.console.pool.write { database in
                if seen.kind != .store { _ = try PlaceDesk.seen(node.id, version: version, database) }
                try PlaceDesk.rename(seen, to: name, by: hand, database)
            }
        } catch PlaceDesk.Refusal.stale {
            let theirs = try await current(node, call)
            reply.conflicts = [(Phrase("place.name"), theirs.name, name)]
            return try await show(call, reply)
        } catch PlaceDesk.Refusal.nameTaken {
            reply.problems.add("name", Phrase("problem.nameTaken"))
            return try await show(call, reply)
        } catch let error as StartError {
            reply.problems.add("name", Phrase("problem.cloud", error.sentence))
            return try await show(call, reply)
        }
        return call.redirect(path(node), said: "placeSaved")
    }

    private static func current(_ node: Node, _ call: Call) async throws -> Node {
        guard let now = try await call.console.pool.read({ try Node.of(id: node.id, $0) }) else {
            throw ConsoleProblem.notFound
        }
        return now
    }

    private static func move(_ call: Call) async throws -> Response {
        let node = try await place(call, .editOrganisation)
        let (code, version, hand) = (call.form["parent"], try version(call), try call.hand)
        let edit = try call.viewer.scope(of: .editOrganisation)
        var reply = Reply()
        let parent = try await call.console.pool.read { database in
            try PlaceDesk.parents(for: node, in: edit, database).first { $0.code == code }
        }
        guard let parent else {
            reply.problems.add("parent", Phrase("problem.parent"))
            return try await show(call, reply)
        }
        do {
            try await call.console.pool.write { database in
                // It may have been moved itself since it was chosen.
                guard let now = try Node.of(id: parent.id, database), edit.covers(now.path) else {
                    throw PlaceDesk.Refusal.wrongParent
                }
                try PlaceDesk.move(node.id, version: version, below: now, by: hand, database)
            }
        } catch PlaceDesk.Refusal.stale {
            let theirs = try await call.console.pool.read { database in
                try Node.of(id: node.id, database)?.parent.flatMap { try Node.of(id: $0, database)?.name } ?? ""
            }
            reply.conflicts = [(Phrase("place.parent"), theirs, parent.name)]
            return try await show(call, reply)
        } catch PlaceDesk.Refusal.nameTaken {
            reply.problems.add("parent", Phrase("problem.nameTaken"))
            return try await show(call, reply)
        } catch PlaceDesk.Refusal.wrongParent {
            reply.problems.add("parent", Phrase("problem.parent"))
            return try await show(call, reply)
        }
        return call.redirect(path(node), said: "placeMoved")
    }

    private static func set(_ call: Call) async throws -> Response {
        let node = try await place(call, .editOrganisation)
        let (version, hand) = (try version(call), try call.hand)
        var (reply, settings) = (Reply(), NodeSettings())
        for name in Inherited.Name.allCases {
            reply.problems.add(
                name.rawValue,
                settings.take(name, call.form[name.rawValue], isTop: node.parent == nil)
            )
        }
        guard reply.problems.isEmpty else { return try await show(call, reply) }
        do {
            let wanted = settings
            try await call.console.pool.write { database in
                try PlaceDesk.set(node.id, version: version, to: wanted, by: hand, database)
            }
        } catch PlaceDesk.Refusal.stale {
            let theirs = try await current(node, call).settings
            let inherits = call.text(Phrase("place.inherits"))
            for name in Inherited.Name.allCases where theirs.text(name) != settings.text(name) {
                reply.conflicts.append(
                    (
                        Phrase(family: "setting", name.rawValue), theirs.text(name) ?? inherits,
                        settings.text(name) ?? inherits
                    )
                )
            }
            // It has become what is wanted here, too.
            guard !reply.conflicts.isEmpty else { return call.redirect(path(node), said: "placeSaved") }
            return try await show(call, reply)
        }
        return call.redirect(path(node), said: "placeSaved")
    }

    private static func add(_ call: Call) async throws -> Response {
        let parent = try await place(call, .editOrganisation)
        let (name, hand) = (call.form["newName"], try call.hand)
        let code = call.form["newCode"].uppercased()
        var reply = Reply()
        let kind = Node.Kind(rawValue: call.form["kind"])
        reply.problems.checkName("newName", name)
        if kind.map({ parent.kind.children.contains($0) }) != true {
            reply.problems.add("kind", Phrase("problem.missing"))
        }
        if !code.isEmpty {
            if kind == .store, !StoreImport.isStoreCode(code) {
                reply.problems.add("newCode", Phrase("problem.storeCode"))
            } else if kind != .store, code.wholeMatch(of: /[A-Z][A-Z0-9\-]{1,19}/) == nil {
                reply.problems.add("newCode", Phrase("problem.placeCode"))
            }
        }
        guard let kind, reply.problems.isEmpty else { return try await show(call, reply) }
        do {
            try await call.console.pool.read { database in
                if !code.isEmpty, try Node.of(code: code, database) != nil { throw PlaceDesk.Refusal.codeTaken }
                try PlaceDesk.checkName(name, of: kind, below: parent.id, except: nil, database)
            }
            let node =
                kind == .store
                ? try await addStore(name, code: code.isEmpty ? nil : code, below: parent, call)
                : try await call.console.pool.write { database in
                    let code = code.isEmpty ? try PlaceDesk.freeCode(kind, database) : code
                    guard let parent = try Node.of(id: parent.id, database) else { throw ConsoleProblem.notFound }
                    return try PlaceDesk.add(kind, code: code, name: name, below: parent, by: hand, database)
                }
            return call.redirect(path(node), said: "placeAdded")
        } catch PlaceDesk.Refusal.codeTaken {
            reply.problems.add("newCode", Phrase("problem.codeTaken"))
        } catch PlaceDesk.Refusal.nameTaken {
            reply.problems.add("newName", Phrase("problem.nameTaken"))
        } catch let error as StartError where kind == .store {
            reply.problems.add("newCode", Phrase("problem.cloud", error.sentence))
        }
        return try await show(call, reply)
    }

    /// The clouds take it first.
    private static func addStore(_ name: String, code: String?, below parent: Node, _ call: Call) async throws -> Node {
        let (console, hand) = (call.console, try call.hand)
        let awaited = try await console.pool.write { database in
            try AwaitedStore.write(code: code, name: name, below: parent, by: hand, database)
        }
        let reply = try await AwaitedStore.ask(for: [awaited], console.pool) {
            try await console.clouds.perform(.addStore(name: name, code: code), by: hand.actor)
        }
        let added = try JSONDecoder().decode(Added.self, from: Data(reply.json.utf8)).store
        return try await console.pool.write { database in
            try awaited.place(code: added, at: hand.now, database)
        }
    }

    private struct Added: Decodable {
        let store: String
    }
}
