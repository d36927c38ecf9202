// Part of Tillbridge. See LICENSE.
import GRDB
package import TillDomain
package import TillStore

extension SQLiteStore {
    package func standing(of register: RegisterID) async throws(StoreError) -> RegisterStanding? {
        try lookUp { try Self.standing(of: register, $0) }
    }

    package func standings() async throws(StoreError) -> [RegisterStanding] {
        try await read { database in
            let rows = try Row.fetchAll(database, sql: "SELECT * FROM register_standing ORDER BY register")
            return try rows.map { try Self.standing($0, database) }
        }
    }

    package func highestSequence(of register: RegisterID) async throws(StoreError) -> UInt64 {
        if let highest = sequences.highest(of: register) { return highest }
        let highest = try lookUp { database in
            let statement = try database.cachedStatement(
                sql: "SELECT highest_sequence FROM register_standing WHERE register = ?"
            )
            return try UInt64.fetchOne(statement, arguments: [register.text]) ?? 0
        }
        sequences.note(highest, of: register)
        return highest
    }

    package func hello(_ hello: RegisterHello) async throws(StoreError) -> RegisterStanding? {
        let (before, highest) = try await write { database in
            let before = try Self.standing(of: hello.register, database)
            let statement = try database.cachedStatement(
                sql: """
                    INSERT INTO register_standing
                        (register, highest_sequence, epoch, version, acknowledges, last_contact)
                    VALUES (?, ?, ?, ?, ?, ?)
                    ON CONFLICT (register) DO UPDATE SET
                        highest_sequence = max(highest_sequence, excluded.highest_sequence),
                        epoch = excluded.epoch, version = excluded.version, acknowledges = excluded.acknowledges,
                        last_contact = max(coalesce(last_contact, 0), excluded.last_contact)
                    RETURNING highest_sequence
                    """
            )
            let arguments: StatementArguments = [
                hello.register.text, Int64(hello.sequence), Int64(hello.epoch), hello.version, hello.acknowledges,
                hello.at.milliseconds,
            ]
            let highest = try UInt64.fetchOne(statement, arguments: arguments) ?? hello.sequence
            let mark = JournalMark(generation: hello.generation, index: hello.journalIndex)
            try Self.noteJournal(mark, of: hello.register, database)
            return (before, highest)
        }
        sequences.note(highest, of: hello.register)
        return before
    }

    /// - Returns: The register's highest sequence now.
    static func noteSequence(_ number: OrderNumber, at now: Timestamp, _ database: Database) throws -> UInt64 {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO register_standing
                    (register, highest_sequence, epoch, version, acknowledges, last_contact)
                VALUES (?, ?, ?, '', 1, ?)
                ON CONFLICT (register) DO UPDATE SET
                    highest_sequence = max(highest_sequence, excluded.highest_sequence),
                    last_contact = max(coalesce(last_contact, 0), excluded.last_contact)
                RETURNING highest_sequence
                """
        )
        let arguments: StatementArguments = [
            number.register.text, Int64(number.sequence), Int64(number.epoch), now.milliseconds,
        ]
        return try UInt64.fetchOne(statement, arguments: arguments) ?? number.sequence
    }

    static func noteJournal(_ mark: JournalMark, of register: RegisterID, _ database: Database) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO register_journal (register, generation, highest_index) VALUES (?, ?, ?)
                ON CONFLICT (register, generation) DO UPDATE SET
                    highest_index = max(highest_index, excluded.highest_index)
                """
        ).execute(arguments: [register.text, mark.generation, mark.index])
    }

    private static func standing(of register: RegisterID, _ database: Database) throws -> RegisterStanding? {
        let statement = try database.cachedStatement(sql: "SELECT * FROM register_standing WHERE register = ?")
        return try Row.fetchOne(statement, arguments: [register.text]).map { try standing($0, database) }
    }

    private static func standing(_ row: Row, _ database: Database) throws -> RegisterStanding {
        let reader = RowReader(row: row)
        var standing = RegisterStanding(register: try reader.identifier("register"))
        standing.highestSequence = UInt64(try reader.integer("highest_sequence"))
        standing.epoch = UInt64(try reader.integer("epoch"))
        standing.version = try reader.string("version")
        standing.acknowledges = try reader.flag("acknowledges")
        standing.lastContact = reader.optionalTime("last_contact")
        let statement = try database.cachedStatement(
            sql: "SELECT * FROM register_journal WHERE register = ? ORDER BY generation"
        )
        standing.journals = try Row.fetchAll(statement, arguments: [standing.register.text]).map { row in
            let reader = RowReader(row: row)
            return JournalMark(
                generation: Int(try reader.integer("generation")),
                index: try reader.integer("highest_index")
            )
        }
        return standing
    }
}
