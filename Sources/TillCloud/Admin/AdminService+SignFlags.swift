// Part of Tillbridge. See LICENSE.
import TillDomain
import TillProtocol

/// What a code would lead to, and which codes led nowhere.
extension AdminService {
    /// The code is neither stored nor shown: its first six and last four characters are.
    func testRouting(_ code: String, store: String?, at given: Int64?, version: Int?) throws -> AdminReply {
        let routing = try routing(version)
        let store = try store.map { try known(stores: $0, "--store") } ?? ""
        guard store.isEmpty || store.utf8.count == 7 else { throw StartError("--store \(store): name one store.") }
        let moment = given.map { Timestamp(milliseconds: $0) } ?? core.clock.now()
        let trial = SignFlagTrial(code, in: routing, store: store, at: moment)
        let place = store.isEmpty ? "a store that no rule and no account names" : "store \(store)"
        let text = """
            \(trial.masked), \(trial.length) characters, at \(place), \(UTCText.text(moment)), \
            routing version \(routing.version)
            \(trial.reasons.joined(separator: "\n"))
            """
        return AdminReply(
            text: text,
            json: json { json in
                json.string("code", Array(trial.masked.utf8))
                json.integer("length", Int64(trial.length))
                json.string("result", Array(trial.result.rawValue.utf8))
                if let rule = trial.rule { json.integer("rule", Int64(rule)) }
                if let wallet = trial.wallet { json.string("wallet", wallet.bytes) }
                if let account = trial.account { json.string("account", Array(account.utf8)) }
                json.array("reasons") { json in
                    for reason in trial.reasons { json.string(Array(reason.utf8)) }
                }
                if !store.isEmpty { json.string("store", Array(store.utf8)) }
                json.time("time", moment)
                json.integer("routing", Int64(routing.version))
            }
        )
    }

    /// Most frequent first.
    func unknownCodes() -> AdminReply {
        let counts = core.unknownCodes.counts
        let since = core.unknownCodes.since
        let rows = ([("registers", counts.registers), ("cloud", counts.cloud)] as [(String, UnknownCodes)])
            .flatMap { seen, codes in codes.rows.map { (seen: seen, row: $0) } }
            .sorted { $0.row.count > $1.row.count }
        var lines = ["Codes that no rule knew, since \(UTCText.text(since)):"]
        for (seen, row) in rows {
            let prefix = String(decoding: row.prefix, as: UTF8.self)
            let kind = row.prefix.isEmpty ? "further kinds" : "\(prefix.padding(4)) length \(row.length)"
            lines.append("  \("\(row.count)".padding(8)) \(kind.padding(15)) seen by \(seen)")
        }
        return AdminReply(
            text: rows.isEmpty
                ? "No unknown code has been seen since \(UTCText.text(since))." : lines.joined(separator: "\n"),
            json: json { json in
                json.time("since", since)
                json.array("unknown") { json in
                    for (seen, row) in rows {
                        json.object { json in
                            json.string("seen", Array(seen.utf8))
                            json.string("prefix", row.prefix)
                            json.integer("length", Int64(row.length))
                            json.integer("count", Int64(row.count))
                        }
                    }
                }
            }
        )
    }
}
