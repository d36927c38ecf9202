// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import TillCloud

/// Makes a user from the command line: the first one, and another administrator where the last can no longer come in.
package enum FirstUser {
    /// - Parameter data: The console's data folder; made if it is missing. The console may be running.
    /// - Returns: A password for one sign-in, which has to be changed then. It is kept nowhere.
    /// - Throws: ``StartError`` that names the setting, the value seen and what is allowed.
    package static func add(data: String, name: String, fullName: String, role: String) async throws -> String {
        guard Users.isName(name) else {
            throw StartError(
                "--name \(name): 2 to 40 small letters, digits, dots, dashes and underscores, a letter first."
            )
        }
        var problems = Problems()
        problems.checkName("fullName", fullName)
        guard problems.isEmpty else { throw StartError("--full-name: 1 to 100 characters that can be seen.") }
        let file = data + "/console.sqlite"
        if !PrivateFile.exists(file) { try check(role, of: BuiltInRole.allCases.map(\.rawValue)) }
        try PrivateFile.createFolder(data)
        let pool = try ConsoleDatabase.open(file)
        let password = SecretBytes.typed()
        let hash = try PasswordHash(of: password)
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        try await pool.write { database in
            try Organisation.makeTop(database)
            try Roles.makeBuiltIn(database)
            try check(role, of: Role.all(database).map(\.name))
            guard let top = try Node.top(database) else { throw ConsoleProblem.notFound }
            guard try Int.fetchOne(database, sql: "SELECT 1 FROM user WHERE name = ?", arguments: [name]) == nil else {
                throw StartError("--name \(name): there is such a user; an administrator can give a new password.")
            }
            try Users.add(
                Users.New(name: name, fullName: fullName, password: hash, roles: [(role, top.id)]),
                at: now,
                database
            )
            let event = AuditEvent(
                actor: "console",
                action: "user.added",
                subject: "user:\(name)",
                after: "\(fullName); \(role)@\(top.code)",
                address: ""
            )
            try AuditLog.append(event, at: now, database)
        }
        try pool.close()
        return password
    }

    private static func check(_ role: String, of roles: [String]) throws {
        guard roles.contains(role) else {
            throw StartError("--role \(role): one of \(roles.sorted().joined(separator: ", ")).")
        }
    }
}
