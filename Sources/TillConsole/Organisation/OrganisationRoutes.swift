// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Hummingbird
import TillCloud

/// The tree of places and the stores below the one that is chosen.
enum OrganisationRoutes {
    static let all: [ConsoleRoute] =
        [
            .get("/organisation", .permission(.viewOrganisation)) { try await list($0) },
            .get("/organisation/export", .permission(.viewOrganisation)) { try await export($0) },
        ] + PlaceRoutes.all + RegisterRoutes.all + ImportRoutes.all

    private static func list(_ call: Call) async throws -> Response {
        let scope = try call.viewer.scope(of: .viewOrganisation)
        let code = call.query["at"].uppercased()
        let text = call.query["q"]
        let wanted = max(1, Int(call.query["page"]) ?? 1)
        let found = try await call.console.pool.read { database in
            let chosen = try chosen(code, in: scope, database)
            let filter = StoreList.Filter(scope: chosen.map { Scope(paths: [$0.path]) } ?? scope, text: text)
            let stores = try StoreList(filter, page: wanted, at: call.now, database)
            return (
                chosen: chosen, tree: try PlaceTree(in: scope, chosen: chosen, database), stores: stores,
                rates: try todaysRates(of: stores.stores.map(\.node.code), call, database)
            )
        }
        let look = await call.console.routing.look(at: call.console.clouds, now: call.now)
        let stores = found.stores
        let query = call.query.query(without: ["page", "said"])
        func page(_ number: Int) -> String {
            "/organisation?" + [query, "page=\(number)"].filter { !$0.isEmpty }.joined(separator: "&")
        }
        let mayEdit = try call.viewer.may(.editOrganisation)
        return try call.page(
            "organisation",
            [
                "tree": found.tree.items.map { item(in: $0, call) },
                "at": found.chosen?.code ?? "",
                "place": found.chosen?.name ?? call.text(Phrase("organisation.own")),
                "placePath": found.chosen.map { "/organisation/places/\(Form.encoded($0.code))" } ?? "",
                "hasPlace": found.chosen != nil,
                "text": text,
                "rows": stores.stores.map { row($0, look, found.rates, call) },
                "hasRates": found.rates != nil,
                "rateHint": call.text(Phrase("organisation.rateHint", call.console.settings.zone.identifier)),
                "isEmpty": stores.stores.isEmpty,
                "emptyText": call.text(
                    text.isEmpty ? Phrase("organisation.empty") : Phrase("organisation.noHit", text)
                ),
                "countText": call.text(Phrase("organisation.count", call.formats.count(stores.total))),
                "exportText": call.text(Phrase("organisation.export", call.formats.count(stores.total))),
                "exportPath": "/organisation/export" + (query.isEmpty ? "" : "?\(query)"),
                "mayExport": stores.total > 0,
                "mayImport": mayEdit,
                "hasPages": stores.pages > 1,
                "pageText": call.text(Phrase("organisation.page", "\(wanted)", "\(stores.pages)")),
                "hasBefore": wanted > 1,
                "before": page(wanted - 1),
                "hasNext": wanted < stores.pages,
                "next": page(wanted + 1),
                "onlineHint": call.text(Phrase("organisation.onlineHint", "\(LiveStrip.onlineMilliseconds / 1_000)")),
                "isSilent": isSilent(look),
            ]
        )
    }

    /// The place that is asked for; without one, the only root of the scope.
    private static func chosen(_ code: String, in scope: Scope, _ database: Database) throws -> Node? {
        if code.isEmpty {
            guard scope.paths.count == 1, let path = scope.paths.first else { return nil }
            return try Row.fetchOne(database, sql: "SELECT * FROM node WHERE path = ?", arguments: [path])
                .map { Node($0) }
        }
        // What lies elsewhere is not told from what does not exist.
        guard let node = try Node.of(code: code, database), scope.covers(node.path) else {
            throw ConsoleProblem.notFound
        }
        return node
    }

    /// Today's success rates; nil for who may see no statistics.
    private static func todaysRates(of stores: [String]?, _ call: Call, _ database: Database) throws -> StoreRates? {
        guard try call.viewer.may(.viewStatistics) else { return nil }
        return try StoreRates(
            of: stores,
            in: call.viewer.scope(of: .viewStatistics),
            at: call.now,
            zone: call.console.settings.zone,
            database
        )
    }

    private static func isSilent(_ look: RoutingLook.Look) -> Bool { if case .silent = look { true } else { false } }

    private static func item(in item: PlaceTree.Item, _ call: Call) -> [String: Any] {
        let code = Form.encoded(item.node.code)
        return [
            "name": item.node.name,
            "path": item.node.kind == .store ? "/organisation/places/\(code)" : "/organisation?at=\(code)",
            "depth": item.depth,
            "stores": item.node.kind == .store ? "" : call.formats.count(item.stores),
            "storesText": call.text(Phrase("organisation.count", call.formats.count(item.stores))),
            "isChosen": item.isChosen,
            "mark": item.hasPlaces ? (item.isOpen ? "▾" : "▸") : "",
            "kind": call.text(item.node.kind.phrase),
        ]
    }

    private static func row(_ store: StoreList.Store, _ look: RoutingLook.Look, _ rates: StoreRates?, _ call: Call)
        -> [String: Any]
    {
        let wallets = look.wallets(at: store.node.code, call.now)
        let names = wallets?.map { PaymentRow.walletName($0, call.words) } ?? []
        return [
            "code": store.node.code,
            "name": store.node.name,
            "region": store.region,
            "city": store.city,
            "path": "/organisation/places/\(Form.encoded(store.node.code))",
            "online": "\(call.formats.count(store.online)) / \(call.formats.count(store.registers))",
            "wallets": wallets == nil
                ? "–" : names.isEmpty ? call.text(Phrase("organisation.noWallet")) : names.joined(separator: ", "),
            "chip": (store.node.state ?? .draft).chip(call.words),
            "rate": rates?.text(store.node.code) ?? "",
            "rateCount": call.text(
                Phrase("accounts.counted", call.formats.count(rates?.counted(store.node.code) ?? 0))
            ),
        ]
    }

    // MARK: - Export

    /// The stores of the same filter, all pages.
    private static func export(_ call: Call) async throws -> Response {
        let scope = try call.viewer.scope(of: .viewOrganisation)
        let code = call.query["at"].uppercased()
        let text = call.query["q"]
        let (stores, rates) = try await call.console.pool.read { database -> ([StoreList.Store], StoreRates?) in
            let chosen = try chosen(code, in: scope, database)
            let filter = StoreList.Filter(scope: chosen.map { Scope(paths: [$0.path]) } ?? scope, text: text)
            return (
                try StoreList(filter, page: nil, at: call.now, database).stores,
                try todaysRates(of: nil, call, database)
            )
        }
        let look = await call.console.routing.look(at: call.console.clouds, now: call.now)
        let headings = [
            Phrase("importColumn.region"), Phrase("importColumn.city"), Phrase("importColumn.code"),
            Phrase("importColumn.name"), Phrase("importColumn.registers"), Phrase("organisation.onlineColumn"),
            Phrase("organisation.walletsOn"), Phrase("organisation.rate"), Phrase("organisation.state"),
        ]
        var file = CSV.line(headings.map { call.text($0) })
        for store in stores {
            let wallets = look.wallets(at: store.node.code, call.now)
            file += CSV.line([
                store.region, store.city, store.node.code, store.node.name, "\(store.registers)", "\(store.online)",
                wallets?.map { PaymentRow.walletName($0, call.words) }.joined(separator: "; ") ?? "–",
                rates?.text(store.node.code) ?? "–", call.text((store.node.state ?? .draft).phrase),
            ])
        }
        return call.csv(file, name: "stores-\(call.formats.date(call.now)).csv")
    }
}

extension Call {
    var hand: PlaceDesk.Hand {
        get throws { PlaceDesk.Hand(actor: try viewer.name, address: address, now: now) }
    }
}
