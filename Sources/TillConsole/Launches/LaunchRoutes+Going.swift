// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Hummingbird
import TillCloud

/// The test payment, and the schedule.
extension LaunchRoutes {
    // MARK: - Step 3: test payment

    static func testPage(_ call: Call, problems: Problems = Problems()) async throws -> Response {
        let (seen, node) = try await tested(call)
        let wallets = seen.record.wallets
        let missing = wallets.first { seen.record.test(node.code, $0.wallet)?.isPassed != true } ?? wallets.first
        return try call.page(
            "launch-test",
            [
                "id": seen.record.launch.id,
                "launch": seen.record.launch.name,
                "store": node.code,
                "storeName": node.name,
                "fields": call.fields(
                    [
                        Field(
                            name: "wallet",
                            label: Phrase("launches.testWallet"),
                            kind: .choice,
                            value: call.form.has("wallet") ? call.form["wallet"] : missing?.wallet ?? "",
                            options: wallets.map { choice in
                                let name = PaymentRow.walletName(choice.wallet, call.words)
                                return (choice.wallet, "\(name) · \(choice.account)")
                            }
                        ),
                        // The code does not come back: whoever holds it can take money.
                        Field(
                            name: "code",
                            label: Phrase("launches.code"),
                            hint: Phrase("launches.codeHint"),
                            isRequired: true
                        ),
                    ],
                    problems
                ),
            ],
            status: problems.isEmpty ? .ok : .unprocessableContent
        )
    }

    private static func tested(_ call: Call) async throws -> (Seen, Node) {
        let seen = try await seen(call)
        let code = try call.parameter("store")
        guard let node = seen.nodes.first(where: { $0.code == code }) else { throw ConsoleProblem.notFound }
        try call.require(.manageLaunches, at: node.path)
        guard seen.record.launch.state.isOpen, !seen.record.wallets.isEmpty else {
            throw ConsoleProblem.refused(Phrase("launches.notNow"))
        }
        return (seen, node)
    }

    private struct TestAnswer: Decodable {
        let n: String
        let result: String
        let reason: String?
        let undo: String
    }

    static func test(_ call: Call) async throws -> Response {
        let (seen, node) = try await tested(call)
        var problems = Problems()
        let code = call.form["code"]
        if code.isEmpty { problems.add("code", Phrase("problem.missing")) }
        let wallet = seen.record.wallets.first { $0.wallet == call.form["wallet"] }
        if wallet == nil { problems.add("wallet", Phrase("problem.missing")) }
        guard let wallet, problems.isEmpty else { return try await testPage(call, problems: problems) }
        let answer: TestAnswer
        do {
            let reply = try await call.console.clouds.performOnce(
                .testPayment(store: node.code, account: wallet.account, code: code),
                by: try call.viewer.name
            )
            answer = try JSONDecoder().decode(TestAnswer.self, from: Data(reply.json.utf8))
        } catch let error as StartError {
            problems.add("code", Phrase("problem.cloud", error.sentence))
            return try await testPage(call, problems: problems)
        } catch CloudLines.Silence.noCloud {
            problems.add("code", Phrase("launches.testSilent"))
            return try await testPage(call, problems: problems)
        }
        let id = seen.record.launch.id
        let test = LaunchDesk.Test(
            launch: id,
            store: node.code,
            wallet: wallet,
            number: answer.n,
            result: answer.result,
            reason: answer.reason,
            undo: answer.undo
        )
        let event = try call.event(
            "launch.tested",
            "launch:\(id)",
            after: "\(node.code) \(wallet.account): \(answer.n) \(answer.result), undo \(answer.undo)"
        )
        // The undo of some wallets comes a little later; the payment in the list tells.
        try await call.console.pool.write { database in
            try LaunchDesk.note(test, at: call.now, database)
            try AuditLog.append(event, at: call.now, database)
        }
        return call.redirect("/launches/\(id)", said: answer.result == "paid" ? "launchTestPaid" : "launchTestFailed")
    }

    // MARK: - Step 4: schedule

    static func goPage(_ call: Call, problems: Problems = Problems()) async throws -> Response {
        let seen = try await seen(call, for: .manageLaunches)
        let record = seen.record
        guard record.launch.state == .preparing, !record.wallets.isEmpty else {
            throw ConsoleProblem.refused(Phrase("launches.notNow"))
        }
        func value(_ name: String, _ standard: String = "") -> String {
            call.form.has(name) || call.request.method == .post ? call.form[name] : standard
        }
        let untested = record.stores.filter { !record.isTested($0.store) }.count
        var fields: [Field] = [
            Field(
                name: "startsAt",
                label: Phrase("launches.startsAt"),
                value: value("startsAt"),
                hint: Phrase("launches.startsAtHint", call.console.settings.zone.identifier)
            ),
            Field(
                name: "waveSize",
                label: Phrase("launches.waveSize"),
                kind: .number,
                value: value("waveSize"),
                hint: Phrase("launches.waveSizeHint", call.formats.count(record.stores.count))
            ),
            Field(
                name: "waveMinutes",
                label: Phrase("launches.waveMinutes"),
                kind: .number,
                value: value("waveMinutes", "60"),
                hint: Phrase("launches.waveMinutesHint")
            ),
            Field(
                name: "leastRate",
                label: Phrase("launches.leastRate"),
                kind: .number,
                value: value("leastRate", "90"),
                hint: Phrase("launches.leastRateHint")
            ),
            Field(
                name: "leastPayments",
                label: Phrase("launches.leastPayments"),
                kind: .number,
                value: value("leastPayments", "20"),
                hint: Phrase("launches.leastPaymentsHint")
            ),
        ]
        if untested > 0 {
            fields.append(
                Field(
                    name: "untested",
                    label: Phrase("launches.untested", call.formats.count(untested)),
                    kind: .checkbox,
                    value: call.form["untested"]
                )
            )
        }
        var model = LaunchView(seen, Outcomes(), call).summary
        model["fields"] = call.fields(fields, problems)
        return try call.page("launch-go", model, status: problems.isEmpty ? .ok : .unprocessableContent)
    }

    static func go(_ call: Call) async throws -> Response {
        let seen = try await seen(call, for: .manageLaunches)
        let record = seen.record
        var problems = Problems()
        let schedule = schedule(call, &problems)
        let isTested = record.stores.allSatisfy { record.isTested($0.store) }
        if !isTested, call.form["untested"] != "on" { problems.add("untested", Phrase("launches.untestedNeeded")) }
        guard let schedule, problems.isEmpty else { return try await goPage(call, problems: problems) }
        let viewer = try call.viewer
        let rule = schedule.leastRate.map { ", pauses below \($0) % from \(schedule.leastPayments) payments" } ?? ""
        let waves = schedule.waveSize == 0 ? "all at once" : "\(schedule.waveSize) every \(schedule.waveMinutes) min"
        let event = try call.event(
            "launch.started",
            "launch:\(record.launch.id)",
            after:
                "from \(call.formats.moment(schedule.startsAt)), \(waves)\(rule)\(isTested ? "" : ", not all tested")"
        )
        let version = Int64(call.form["version"]) ?? 0
        do {
            try await call.console.pool.write { database in
                try LaunchDesk.start(record.launch.id, schedule, version: version, by: viewer.name, database)
                try AuditLog.append(event, at: call.now, database)
            }
        } catch LaunchDesk.Refusal.stale {
            throw ConsoleProblem.refused(Phrase("launches.stale"))
        } catch is LaunchDesk.Refusal {
            throw ConsoleProblem.refused(Phrase("launches.notNow"))
        }
        return call.redirect("/launches/\(record.launch.id)", said: "launchStarted")
    }

    private static func schedule(_ call: Call, _ problems: inout Problems) -> LaunchDesk.Schedule? {
        let startsAt = call.moment("startsAt", &problems) ?? call.now
        if startsAt < call.now { problems.add("startsAt", Phrase("problem.past")) }
        func number(_ name: String, _ range: ClosedRange<Int>) -> Int? {
            guard !call.form[name].isEmpty else { return nil }
            guard let value = Int(call.form[name]), range.contains(value) else {
                problems.add(
                    name,
                    Phrase("problem.range", call.formats.count(range.lowerBound), call.formats.count(range.upperBound))
                )
                return nil
            }
            return value
        }
        let size = number("waveSize", 1...10_000)
        let minutes = number("waveMinutes", 1...10_080)
        if !call.form["waveSize"].isEmpty, call.form["waveMinutes"].isEmpty {
            problems.add("waveMinutes", Phrase("problem.missing"))
        }
        let rate = number("leastRate", 1...100)
        let payments = number("leastPayments", 1...1_000_000)
        if !call.form["leastRate"].isEmpty, call.form["leastPayments"].isEmpty {
            problems.add("leastPayments", Phrase("problem.missing"))
        }
        guard problems.isEmpty else { return nil }
        return LaunchDesk.Schedule(
            startsAt: startsAt,
            waveSize: size ?? 0,
            // The stop rule watches a single wave too.
            waveMinutes: Int64(minutes ?? 0),
            leastRate: rate,
            leastPayments: payments ?? 0
        )
    }
}
