// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import TillDomain
import TillStore

/// Reads columns strictly: a value that the code could not have written is damage, not a default.
struct RowReader {
    let row: Row

    func damage(_ column: String) -> StoreError { .damaged("column \(column) holds what Tillbridge never wrote") }

    func string(_ column: String) throws(StoreError) -> String {
        guard let value = String.fromDatabaseValue(row[column]) else { throw damage(column) }
        return value
    }

    func integer(_ column: String) throws(StoreError) -> Int64 {
        guard let value = Int64.fromDatabaseValue(row[column]) else { throw damage(column) }
        return value
    }

    func bytes(_ column: String) throws(StoreError) -> [UInt8] {
        guard let value = Data.fromDatabaseValue(row[column]) else { throw damage(column) }
        return [UInt8](value)
    }

    func flag(_ column: String) throws(StoreError) -> Bool { try integer(column) != 0 }

    func time(_ column: String) throws(StoreError) -> Timestamp { Timestamp(milliseconds: try integer(column)) }

    func optionalTime(_ column: String) -> Timestamp? {
        Int64.fromDatabaseValue(row[column]).map { Timestamp(milliseconds: $0) }
    }

    func word<Word: WireName>(_ column: String) throws(StoreError) -> Word {
        guard let word = Word(wireName: try string(column).utf8) else { throw damage(column) }
        return word
    }

    func optionalWord<Word: WireName>(_ column: String) throws(StoreError) -> Word? {
        let value: DatabaseValue = row[column]
        return value.isNull ? nil : try word(column)
    }

    func identifier<Name: Identifier>(_ column: String) throws(StoreError) -> Name {
        guard let name = Name(try string(column).utf8) else { throw damage(column) }
        return name
    }

    func optionalIdentifier<Name: Identifier>(_ column: String) throws(StoreError) -> Name? {
        let value: DatabaseValue = row[column]
        return value.isNull ? nil : try identifier(column)
    }
}

extension WireName {
    var text: String { String(decoding: wireBytes, as: UTF8.self) }
}

extension Identifier {
    var text: String { String(decoding: bytes, as: UTF8.self) }
}
