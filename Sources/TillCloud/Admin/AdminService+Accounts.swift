// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine
import TillProtocol

/// Payment accounts as this cloud uses them, and test payments. Each cloud answers for itself.
extension AdminService {
    func accounts() throws -> AdminReply {
        let documents = snapshot.accounts.values.sorted { $0.id < $1.id }
        let rows = documents.map { ($0, core.desk.standing(of: $0)) }
        var lines = ["account                        protocol     circuit   calls      credentials"]
        for (document, standing) in rows {
            lines.append(
                "\(document.id.padding(30)) \(document.version.padding(12)) \(standing.circuit.rawValue.padding(9)) "
                    + "\("\(standing.busy)/\(standing.limit)".padding(10)) "
                    + standing.fieldNames.joined(separator: ", ")
            )
        }
        return AdminReply(
            text: rows.isEmpty ? "There are no payment accounts." : lines.joined(separator: "\n"),
            json: json { json in
                json.string("cloud", Array(core.settings.name.text.utf8))
                json.array("accounts") { json in
                    for (document, standing) in rows { json.object { AdminService.write(document, standing, &$0) } }
                }
            }
        )
    }

    private static func write(_ document: AccountDocument, _ standing: AccountStanding, _ json: inout JSONWriter) {
        json.string("account", Array(document.id.utf8))
        json.string("wallet", Array(document.wallet.utf8))
        json.string("version", Array(document.version.utf8))
        json.bool("sandbox", document.sandbox)
        json.string("baseURL", Array(document.baseURL.utf8))
        json.integer("addedAt", document.addedAt)
        json.string("circuit", Array(standing.circuit.rawValue.utf8))
        json.array("credentials") { json in
            for name in standing.fieldNames { json.string(Array(name.utf8)) }
        }
        json.array("ids") { json in
            for (name, end) in standing.publicEnds {
                json.object { json in
                    json.string("name", Array(name.utf8))
                    json.string("end", Array(end.utf8))
                }
            }
        }
        json.array("certificates") { json in
            for certificate in standing.certificates {
                json.object { json in
                    json.string("name", Array(certificate.name.utf8))
                    json.time("expiresAt", certificate.expiresAt)
                }
            }
        }
        json.integer("inFlight", Int64(standing.busy))
        json.integer("waiting", Int64(standing.queued))
        json.integer("limit", Int64(standing.limit))
    }

    private func known(account id: String) throws(StartError) -> AccountDocument {
        guard let document = snapshot.accounts[id] else {
            throw StartError("Account \(id): there is no such account; see 'tillbridge admin account list'.")
        }
        return document
    }

    func testAccount(_ id: String) async throws -> AdminReply {
        let document = try known(account: id)
        let trial = await core.desk.trial(of: id, sandbox: document.sandbox)
        let code = trial.code.map { " (\($0))" } ?? ""
        return AdminReply(
            text: "Account \(id) at cloud \(core.settings.name.text): \(trial.result.rawValue)\(code) after "
                + "\(trial.milliseconds) ms.",
            json: json { json in
                json.string("cloud", Array(core.settings.name.text.utf8))
                json.string("account", Array(id.utf8))
                json.string("result", Array(trial.result.rawValue.utf8))
                json.integer("milliseconds", trial.milliseconds)
                if let code = trial.code { json.string("code", Array(code.utf8)) }
            }
        )
    }

    func testPayment(store: String, account: String, code: String) async throws -> AdminReply {
        guard core.status.isRunning else {
            throw StartError("A test payment needs a running cloud, which also undoes it: start the cloud.")
        }
        let store = store.uppercased()
        guard let place = snapshot.stores[store] else {
            throw StartError("--store \(store): there is no such store; add it with 'tillbridge admin store add'.")
        }
        let document = try known(account: account)
        guard let code = PaymentCode(scanned: Array(code.utf8)) else {
            throw StartError("The payment code is empty, too long, or has more than visible ASCII: scan it again.")
        }
        let outcome = try await core.testPayments.make(
            at: store,
            account: document,
            code: code,
            subject: Array(place.name.utf8)
        )
        let (result, reason) = AdminService.words(outcome.payment)
        let undo = AdminService.undoWord(outcome.undo)
        return AdminReply(
            text: "Test payment \(outcome.number) by \(account): \(result)\(reason.map { " (\($0))" } ?? "") after "
                + "\(outcome.milliseconds) ms; undo: \(undo).",
            json: json { json in
                json.string("cloud", Array(core.settings.name.text.utf8))
                json.identifier("n", outcome.number)
                json.string("store", Array(store.utf8))
                json.string("account", Array(account.utf8))
                json.string("result", Array(result.utf8))
                if let reason { json.string("reason", Array(reason.utf8)) }
                json.string("undo", Array(undo.utf8))
                json.integer("milliseconds", outcome.milliseconds)
            }
        )
    }

    private static func words(_ answer: CloudAnswer) -> (result: String, reason: String?) {
        guard case .payment(let payment) = answer else { return ("unknown", nil) }
        return switch payment {
        case .paid: ("paid", nil)
        case .declined(let reason): ("declined", reason.text)
        case .refused(let reason): ("refused", reason.text)
        case .pending, .unknown, .conflict, .revoking, .revoked: ("unknown", nil)
        }
    }

    /// The final kind, or that it is not final.
    private static func undoWord(_ answer: CloudAnswer) -> String {
        guard case .undo(let undo) = answer else { return "unknown" }
        return switch undo {
        case .revoked(let kind): kind.text
        case .revoking, .duty: "revoking"
        case .stuck: "stuck"
        case .confirmed: "kept"
        }
    }
}
