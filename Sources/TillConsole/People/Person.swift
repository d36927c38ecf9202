// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB

/// A user, as those see one who look after users.
struct Person: Sendable {
    let id: Int64
    let name: String
    let fullName: String
    let passwordIsGiven: Bool
    let hasSecondFactor: Bool
    let isDemo: Bool
    let isDisabled: Bool
    /// Milliseconds since 1970, each.
    let lockedUntil: Int64?
    let lastSignIn: Int64?
    let version: Int64
    let grants: [Grant]

    private init(_ row: Row, grants: [Grant]) {
        id = row["id"]
        name = row["name"]
        fullName = row["full_name"]
        passwordIsGiven = row["password_is_given"]
        hasSecondFactor = (row["totp"] as Data?) != nil
        isDemo = row["is_demo"]
        isDisabled = (row["disabled_at"] as Int64?) != nil
        lockedUntil = row["locked_until"]
        lastSignIn = row["last_sign_in"]
        version = row["version"]
        self.grants = grants
    }

    func isLocked(at now: Int64) -> Bool { (lockedUntil ?? 0) > now }

    static func of(id: Int64, _ database: Database) throws -> Person? {
        guard let row = try Row.fetchOne(database, sql: "SELECT * FROM user WHERE id = ?", arguments: [id]) else {
            return nil
        }
        return Person(row, grants: try Grant.of(user: id, database))
    }

    static func all(_ database: Database) throws -> [Person] {
        let grants = try Grant.all(database)
        return try Row.fetchAll(database, sql: "SELECT * FROM user ORDER BY name").map {
            Person($0, grants: grants[$0["id"]] ?? [])
        }
    }
}

extension Viewer {
    /// Whether a user belongs to a scope: with one role at least, and without any to the top.
    private func reaches(_ person: Person, _ scope: Scope) -> Bool {
        scope.covers("/1/") || person.grants.contains { scope.covers($0.path) }
    }

    func maySee(_ person: Person) -> Bool { reaches(person, scope(of: .viewPeople)) }

    /// Whether they may change a user, down to a new password: whoever could give all that the user holds gains
    /// nothing by it.
    func mayManage(_ person: Person) -> Bool {
        reaches(person, scope(of: .editPeople)) && person.grants.allSatisfy { mayGive($0) }
    }
}
