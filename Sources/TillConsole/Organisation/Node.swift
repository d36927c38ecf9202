// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB

/// One place of the organisation: group → region → city → store.
struct Node: Equatable, Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case group, region, city, store

        /// What may stand directly below it.
        var children: [Kind] {
            switch self {
            case .group: [.region, .city, .store]
            case .region: [.city, .store]
            case .city: [.store]
            case .store: []
            }
        }

        var phrase: Phrase { Phrase(family: "kind", rawValue) }
    }

    enum State: String, CaseIterable, Sendable {
        /// No wallet is taken yet.
        case draft
        /// Its test payments run.
        case testing
        case live
        case paused

        var phrase: Phrase { Phrase(family: "storeState", rawValue) }
    }

    let id: Int64
    let parent: Int64?
    let kind: Kind
    let code: String
    let name: String
    let path: String
    /// Stores alone.
    let state: State?
    /// Own values; what is missing is inherited.
    let settings: NodeSettings
    let version: Int64

    init(_ row: Row) {
        id = row["id"]
        parent = row["parent"]
        kind = Kind(rawValue: row["kind"]) ?? .store
        code = row["code"]
        name = row["name"]
        path = row["path"]
        state = (row["state"] as String?).flatMap { State(rawValue: $0) }
        settings = NodeSettings(json: row["settings"])
        version = row["version"]
    }
}

/// What a place sets for itself and for everything below it.
struct NodeSettings: Codable, Equatable, Sendable {
    /// Refunds above it need a second person; fen.
    var approvalAbove: Int64?
    /// The most that one person gives back in a day; fen.
    var personDailyLimit: Int64?
    /// The most that one store gives back in a day; fen.
    var storeDailyLimit: Int64?
    /// Whom a cashier calls.
    var supportPhone: String?

    static let standard = NodeSettings(
        approvalAbove: 50_000,
        personDailyLimit: 500_000,
        storeDailyLimit: 1_000_000,
        supportPhone: ""
    )

    init(
        approvalAbove: Int64? = nil,
        personDailyLimit: Int64? = nil,
        storeDailyLimit: Int64? = nil,
        supportPhone: String? = nil
    ) {
        self.approvalAbove = approvalAbove
        self.personDailyLimit = personDailyLimit
        self.storeDailyLimit = storeDailyLimit
        self.supportPhone = supportPhone
    }

    init(json: String) {
        self = (try? JSONDecoder().decode(NodeSettings.self, from: Data(json.utf8))) ?? NodeSettings()
    }

    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
