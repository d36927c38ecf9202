// Part of Tillbridge. See LICENSE.
import Foundation
import TillCloud

/// The routing as the clouds hold it.
enum RoutingSheet: Sendable {
    case known(Routing)
    /// Nothing was published yet.
    case none
    /// No cloud answers.
    case silent

    static func newest(_ clouds: CloudLines, by person: String) async -> RoutingSheet {
        do {
            let plan: RoutingPlan = try await clouds.answer(to: .showRouting(version: nil), by: person)
            return .known(try Routing(plan))
        } catch is StartError {
            return .none
        } catch {
            return .silent
        }
    }

    var routing: Routing? { if case .known(let routing) = self { routing } else { nil } }
}

/// The versions of the routing, with the words about each change.
struct RoutingVersions: Decodable, Sendable {
    struct Version: Decodable, Sendable {
        let version: Int
        let publishedAt: Int64?
        let change: String?
    }

    let versions: [Version]
}

/// Codes that no rule knew, as one cloud counted them.
struct UnknownCodesAnswer: Decodable, Sendable {
    struct Row: Decodable, Sendable {
        let seen: String
        let prefix: String
        let length: Int
        let count: Int
    }

    let since: Int64
    let unknown: [Row]
}

/// What a code would lead to.
struct RoutingTrial: Decodable, Sendable {
    let length: Int
    let result: String
    let rule: Int?
    let wallet: String?
    let account: String?
    let reasons: [String]
    let routing: Int
}
