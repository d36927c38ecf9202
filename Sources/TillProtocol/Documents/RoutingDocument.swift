// Part of Tillbridge. See LICENSE.
package import TillDomain

/// The Sign-Flag table as JSON: `version`, `signLength`, `rules`.
///
/// A rule without `from` holds always, one without `until` for ever.
package struct RoutingDocument: Equatable, Sendable {
    package let table: SignFlagTable

    package init(_ table: SignFlagTable) { self.table = table }

    package init(decoding bytes: [UInt8]) throws(MessageError) {
        try self.init(try JSONObject(parsing: bytes, limits: .wire))
    }

    package func encode() -> [UInt8] { JSONWriter.object { write(to: &$0) } }

    package init(_ object: JSONObject) throws(MessageError) {
        let version = try object.integer("version", in: 1...Int64(1) << 31)
        let signLength = try object.integer("signLength", in: 1...8)
        var rules: [SignFlagRule] = []
        for entry in try object.objects("rules", atMost: SignFlagTable.maxRules) {
            rules.append(try SignFlagRule(entry))
        }
        do throws(SignFlagError) {
            table = try SignFlagTable(version: Int(version), signLength: Int(signLength), rules: rules)
        } catch {
            throw object.invalid("rules")
        }
    }

    package func write(to json: inout JSONWriter) {
        json.integer("version", Int64(table.version))
        json.integer("signLength", Int64(table.signLength))
        json.array("rules") { json in
            for rule in table.rules { json.object { rule.write(to: &$0) } }
        }
    }
}

extension SignFlagRule {
    package init(_ object: JSONObject) throws(MessageError) {
        self.init(
            low: try object.text("low", length: 1...8),
            high: try object.text("high", length: 1...8),
            minLength: Int(try object.integer("minLength", in: 1...512)),
            maxLength: Int(try object.integer("maxLength", in: 1...512)),
            wallet: try object.identifier("wallet", as: Wallet.self),
            enabled: try object.bool("enabled"),
            from: try object.optionalTime("from") ?? .unknown,
            until: try object.optionalTime("until")
        )
    }

    package func write(to json: inout JSONWriter) {
        json.string("low", low)
        json.string("high", high)
        json.integer("minLength", Int64(minLength))
        json.integer("maxLength", Int64(maxLength))
        json.identifier("wallet", wallet)
        json.bool("enabled", enabled)
        if from != .unknown { json.time("from", from) }
        if let until { json.time("until", until) }
    }
}
