// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import TillCloud
import TillDomain

/// Stores from a table: region, city, store code, store name, registers. What is there already stays as it is, so the
/// same table can be imported again.
struct StoreImport: Sendable {
    static let mostRows = 2_000
    /// Of one store.
    fileprivate static let mostRegisters = 99

    enum Column: String, CaseIterable, Sendable {
        case region, city, code, name, registers

        /// What a heading may be called, in small letters and without spaces.
        var headings: Set<String> {
            switch self {
            case .region: ["region", "大区", "区域"]
            case .city: ["city", "城市"]
            case .code: ["storecode", "code", "门店编码", "门店编号", "编码"]
            case .name: ["storename", "name", "store", "门店名称", "门店", "名称"]
            case .registers: ["registers", "register", "收银机", "收银机数", "收银机数量"]
            }
        }

        var phrase: Phrase { Phrase(family: "importColumn", rawValue) }
    }

    enum Outcome: Equatable, Sendable {
        case new
        /// So many registers are added to a store that is there.
        case registers(Int)
        case unchanged
    }

    struct Problem: Equatable, Sendable {
        let column: Column
        let phrase: Phrase
    }

    struct Row: Sendable {
        let line: Int
        let cells: [Column: String]
        fileprivate(set) var registers: [String] = []
        fileprivate(set) var outcome = Outcome.new
        fileprivate(set) var problems: [Problem] = []

        subscript(column: Column) -> String { cells[column] ?? "" }

        fileprivate mutating func add(_ column: Column, _ phrase: Phrase) {
            problems.append(Problem(column: column, phrase: phrase))
        }
    }

    private(set) var rows: [Row]
    /// Regions and cities that are not there yet, each once.
    private(set) var newPlaces = 0

    var isGood: Bool { rows.allSatisfy { $0.problems.isEmpty } }
    var changes: Int { rows.count { $0.outcome != .unchanged } }

    // MARK: - Reading

    /// - Throws: ``Refusal`` for what is no such table.
    init(_ text: String) throws(Refusal) {
        let lines: [Spreadsheet.Line]
        do {
            lines = try Spreadsheet.read(text)
        } catch {
            switch error {
            case .notUTF8: throw Refusal(Phrase("import.notUTF8"))
            case .openQuote(let line): throw Refusal(Phrase("import.openQuote", "\(line)"))
            }
        }
        guard let first = lines.first else { throw Refusal(Phrase("import.empty")) }
        let columns = StoreImport.columns(of: first)
        let body = columns == nil ? lines[...] : lines.dropFirst()
        guard !body.isEmpty else { throw Refusal(Phrase("import.empty")) }
        guard body.count <= StoreImport.mostRows else {
            throw Refusal(Phrase("import.tooMany", "\(body.count)", "\(StoreImport.mostRows)"))
        }
        let order = columns ?? Column.allCases
        rows = body.map { line in
            var cells: [Column: String] = [:]
            for (column, cell) in zip(order, line.cells) { cells[column] = cell }
            var row = Row(line: line.number, cells: cells)
            if line.cells.count > order.count, line.cells.dropFirst(order.count).contains(where: { !$0.isEmpty }) {
                row.add(order.last ?? .registers, Phrase("import.tooManyCells", "\(order.count)"))
            }
            return row
        }
        for index in rows.indices { rows[index].checkForm() }
        checkRepetitions()
    }

    /// Why nothing of a table can be used.
    struct Refusal: Error {
        let phrase: Phrase

        init(_ phrase: Phrase) { self.phrase = phrase }
    }

    /// The columns in the order of the headings; nil where the first line is none of headings.
    private static func columns(of line: Spreadsheet.Line) -> [Column]? {
        let columns = line.cells.map { cell in
            let heading = cell.lowercased().filter { !" _-".contains($0) }
            return Column.allCases.first { $0.headings.contains(heading) }
        }
        let known = columns.compactMap(\.self)
        guard known.count == columns.count, Set(known).count == known.count, known.contains(.region),
            known.contains(.name)
        else { return nil }
        return known
    }

    /// The same store twice.
    private mutating func checkRepetitions() {
        var codes: [String: Int] = [:]
        var names: [[String]: Int] = [:]
        for index in rows.indices {
            let row = rows[index]
            let code = row[.code].uppercased()
            if !code.isEmpty {
                if let line = codes[code] { rows[index].add(.code, Phrase("import.twice", "\(line)")) }
                codes[code] = codes[code] ?? row.line
            }
            let name = [row[.region], row[.city], row[.name]]
            if let line = names[name] { rows[index].add(.name, Phrase("import.twice", "\(line)")) }
            names[name] = names[name] ?? row.line
        }
    }

    // MARK: - Checking against what is there

    /// Says of each row what it would change, for somebody who may edit a part of the organisation.
    mutating func check(edit: Scope, registers: Scope, _ database: Database) throws {
        guard let top = try Node.top(database) else { return }
        var places: Set<[String]> = []
        for index in rows.indices {
            let row = rows[index]
            let region = try Node.of(.region, row[.region], below: top, database)
            if region == nil { places.insert([row[.region]]) }
            let city = try region.flatMap { region in
                row[.city].isEmpty ? region : try Node.of(.city, row[.city], below: region, database)
            }
            if city == nil, !row[.city].isEmpty { places.insert([row[.region], row[.city]]) }
            // The closest place that is there: what is new stands below it.
            let path = (city ?? region ?? top).path
            guard edit.covers(path) else {
                rows[index].add(.region, Phrase("import.scope"))
                continue
            }
            let store = try StoreImport.store(row, below: city, database)
            guard let store else {
                if !row.registers.isEmpty, !registers.covers(path) {
                    rows[index].add(.registers, Phrase("import.registerScope"))
                }
                continue
            }
            guard edit.covers(store.path), store.kind == .store else {
                rows[index].add(.code, Phrase("problem.codeTaken"))
                continue
            }
            if store.parent != city?.id { rows[index].add(.code, Phrase("import.elsewhere", store.name)) }
            if store.name != row[.name] { rows[index].add(.name, Phrase("import.otherName", store.name)) }
            let present = Set(
                try String.fetchAll(
                    database,
                    sql: "SELECT name FROM register WHERE store = ? AND state <> 'revoked'",
                    arguments: [store.code]
                )
            )
            let missing = row.registers.count { !present.contains($0) }
            rows[index].outcome = missing == 0 ? .unchanged : .registers(missing)
            if missing > 0, !registers.covers(store.path) {
                rows[index].add(.registers, Phrase("import.registerScope"))
            }
        }
        newPlaces = places.count
    }

    private static func store(_ row: Row, below parent: Node?, _ database: Database) throws -> Node? {
        guard row[.code].isEmpty else { return try Node.of(code: row[.code].uppercased(), database) }
        guard let parent else { return nil }
        return try GRDB.Row.fetchOne(
            database,
            sql: "SELECT * FROM node WHERE parent = ? AND kind = 'store' AND name = ?",
            arguments: [parent.id, row[.name]]
        ).map { Node($0) }
    }

    // MARK: - Taking over

    /// The rows that change something, and what the clouds are told of each.
    func plans(_ database: Database) throws -> [(row: Row, plan: AdminRequest.StorePlan)] {
        guard let top = try Node.top(database) else { return [] }
        return try rows.filter { $0.outcome != .unchanged }.map { row in
            var code: String? = row[.code].isEmpty ? nil : row[.code].uppercased()
            if code == nil, let region = try Node.of(.region, row[.region], below: top, database) {
                let city =
                    row[.city].isEmpty
                    ? region : try Node.of(.city, row[.city], below: region, database)
                code = try StoreImport.store(row, below: city, database)?.code
            }
            return (row, AdminRequest.StorePlan(code: code, name: row[.name], registers: row.registers))
        }
    }

    /// Has the clouds take the rows, all of them or none; then they stand in the tree.
    /// - Returns: The code of each row's store.
    /// - Throws: ``StartError`` with the cloud's own sentence; ``CloudLines/Silence/noCloud``.
    @discardableResult
    static func take(
        _ plans: [(row: Row, plan: AdminRequest.StorePlan)],
        by hand: PlaceDesk.Hand,
        _ clouds: CloudLines,
        _ pool: DatabasePool
    ) async throws -> [String] {
        let awaited = try await pool.write { database in
            guard let top = try Node.top(database) else { throw ConsoleProblem.notFound }
            return try plans.map { row, plan in
                try AwaitedStore.write(
                    code: plan.code,
                    name: plan.name,
                    below: top,
                    region: row[.region],
                    city: row[.city],
                    by: hand,
                    database
                )
            }
        }
        let reply = try await AwaitedStore.ask(for: awaited, pool) {
            try await clouds.perform(.provision(plans.map(\.plan)), by: hand.actor)
        }
        let taken = try JSONDecoder().decode(Provisioned.self, from: Data(reply.json.utf8)).stores
        try await pool.write { database in
            for (store, awaited) in zip(taken, awaited) {
                if store.added {
                    try awaited.place(code: store.store, at: hand.now, database)
                } else {
                    try awaited.remove(database)
                }
            }
            guard let top = try Node.top(database) else { return }
            let new = taken.count { $0.added }
            try hand.note("place.imported", top, after: "\(new) stores of \(taken.count) rows", database)
        }
        return taken.map(\.store)
    }

    private struct Provisioned: Decodable, Sendable {
        struct Store: Decodable, Sendable {
            let store: String
            let added: Bool
        }

        let stores: [Store]
    }
}

extension StoreImport.Row {
    fileprivate mutating func checkForm() {
        for column in [StoreImport.Column.region, .name] {
            var problems = Problems()
            problems.checkName(column.rawValue, self[column])
            if let problem = problems[column.rawValue] { add(column, problem) }
        }
        if !self[.city].isEmpty {
            var problems = Problems()
            problems.checkName("city", self[.city])
            if let problem = problems["city"] { add(.city, problem) }
        }
        if !self[.code].isEmpty, !StoreImport.isStoreCode(self[.code].uppercased()) {
            add(.code, Phrase("problem.storeCode"))
        }
        readRegisters()
    }

    /// A count, or names with semicolons or bars between them.
    private mutating func readRegisters() {
        let text = self[.registers]
        if text.isEmpty { return }
        if text.utf8.allSatisfy({ (48...57).contains($0) }) {
            guard let count = Int(text), count <= StoreImport.mostRegisters else {
                return add(.registers, Phrase("import.registerCount", "\(StoreImport.mostRegisters)"))
            }
            registers = (0..<count).map { "POS \($0 + 1)" }
            return
        }
        let names = text.split { ";；|、".contains($0) }.map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty }
        var problems = Problems()
        for name in names { problems.checkName("registers", name) }
        if names.count > StoreImport.mostRegisters {
            problems.add("registers", Phrase("import.registerCount", "\(StoreImport.mostRegisters)"))
        }
        if Set(names).count < names.count { problems.add("registers", Phrase("import.registerTwice")) }
        if let problem = problems["registers"] { add(.registers, problem) }
        registers = names
    }
}

extension StoreImport {
    /// 7 characters of the clouds' alphabet.
    static func isStoreCode(_ text: String) -> Bool { text.utf8.count == 7 && Base32.isText(text.utf8) }
}
