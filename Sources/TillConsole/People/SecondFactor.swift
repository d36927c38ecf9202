// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB

/// The second factor of a user, as the database holds it.
enum SecondFactor {
    static let recoveryCodes = 10

    /// - Parameter step: Of the code that confirmed it: it is not taken again.
    /// - Returns: The recovery codes, for showing once.
    static func turnOn(_ secret: [UInt8], step: Int64, of user: Int64, _ box: SecretBox, _ database: Database) throws
        -> [String]
    {
        try database.execute(
            sql: "UPDATE user SET totp = ?, totp_last_step = ? WHERE id = ?",
            arguments: [try box.seal(secret, name: "totp:\(user)"), step, user]
        )
        return try drawRecoveryCodes(of: user, database)
    }

    /// New codes in the place of the old ones.
    static func drawRecoveryCodes(of user: Int64, _ database: Database) throws -> [String] {
        let codes = (0..<recoveryCodes).map { _ in SecretBytes.typed().uppercased() }
        try database.execute(sql: "DELETE FROM recovery_code WHERE user = ?", arguments: [user])
        for code in codes {
            let plain = code.filter { $0 != "-" }
            try database.execute(
                sql: "INSERT INTO recovery_code (user, hash) VALUES (?, ?)",
                arguments: [user, SecretBytes.hash(plain)]
            )
        }
        return codes
    }

    static func turnOff(of user: Int64, _ database: Database) throws {
        try database.execute(
            sql: "UPDATE user SET totp = NULL, totp_last_step = 0 WHERE id = ?",
            arguments: [user]
        )
        try database.execute(sql: "DELETE FROM recovery_code WHERE user = ?", arguments: [user])
    }

    static func recoveryCodesLeft(of user: Int64, _ database: Database) throws -> Int {
        try Int.fetchOne(
            database,
            sql: "SELECT count(*) FROM recovery_code WHERE user = ? AND used_at IS NULL",
            arguments: [user]
        ) ?? 0
    }
}
