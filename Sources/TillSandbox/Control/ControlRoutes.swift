// Part of Tillbridge. See LICENSE.
import Foundation
import Hummingbird
import NIOCore

/// The control interface under `/sandbox/v1`: codes, shoppers, the wallets' truth, policies, the clock.
struct ControlRoutes: Sendable {
    let core: SandboxCore
    let log: CallLog

    func add(to group: RouterGroup<SandboxContext>) {
        group.post("codes") { request, _ in try await issueCode(request).response }
        group.get("codes/:code") { _, context in try await code(context.parameters.require("code")).response }
        group.post("codes/:code/confirm") { _, context in
            try await decide(context.parameters.require("code"), pays: true).response
        }
        group.post("codes/:code/reject") { _, context in
            try await decide(context.parameters.require("code"), pays: false).response
        }
        group.get("shoppers/:wallet/:shopper") { _, context in try await shopper(context).response }
        group.get("trades") { request, _ in try await trades(request).response }
        group.get("ledger") { _, _ in
            try ControlAnswer(try await core.perform { state, _ in LedgerView(state) }).response
        }
        group.get("calls") { request, _ in try calls(request).response }
        group.get("policies") { _, _ in try ControlAnswer(core.policies.all).response }
        group.get("policies/choices") { _, _ in try ControlAnswer(policyChoices).response }
        group.put("policies") { request, _ in try await putPolicies(request).response }
        group.get("clock") { _, _ in try await clock(advance: 0).response }
        group.post("clock") { request, _ in try await moveClock(request).response }
        FaultRoutes(core: core).add(to: group)
    }

    // MARK: Codes and shoppers

    private func issueCode(_ request: Request) async throws -> ControlAnswer {
        let input = try ControlInput(
            try await request.json(),
            known: ["wallet", "behaviour", "shopper", "balance", "offline"]
        )
        let wallet = try input.required("wallet", input.choice("wallet", of: SandboxWallet.self))
        var behaviour: Behaviour?
        if let text = try input.text("behaviour") {
            guard let known = Behaviour(text: text) else {
                throw input.complaint("behaviour", "\"\(text)\" is unknown; one of \(Behaviour.choices) is expected.")
            }
            behaviour = known
        }
        let shopper = try input.text("shopper")
        if let shopper, !isShopperName(shopper) {
            throw input.complaint("shopper", "A name of 1 to 40 letters, digits, points or hyphens is expected.")
        }
        let balance = try input.integer("balance", in: 0...1_000_000_000_000)
        let offline = try input.bool("offline") ?? false
        return try ControlAnswer(
            try await core.perform { state, now in
                let isLong = offline && state.policies[.offlineCodeLife] == "long"
                let code = state.issueCode(
                    wallet,
                    behaviour: behaviour ?? state.drawBehaviour(),
                    shopper: shopper,
                    balance: balance,
                    life: isLong ? TradeBook.offlineCodeLife : TradeBook.codeLife,
                    at: now
                )
                return CodeView(code, trade: nil)
            }
        )
    }

    private func isShopperName(_ text: String) -> Bool {
        (1...40).contains(text.count)
            && text.unicodeScalars.allSatisfy {
                $0.properties.isAlphabetic || ("0"..."9").contains($0) || "-._".unicodeScalars.contains($0)
            }
    }

    private func code(_ text: String) async throws -> ControlAnswer {
        try ControlAnswer(
            try await core.perform { state, _ in
                for wallet in SandboxWallet.allCases {
                    guard let code = state[wallet].codes[text] else { continue }
                    let trade = code.usedBy.flatMap { state[wallet].trade(number: $0) }
                    return CodeView(code, trade: trade?.code == text ? trade : nil)
                }
                throw Problem.notFound("This code was never issued.")
            }
        )
    }

    private func decide(_ text: String, pays: Bool) async throws -> ControlAnswer {
        try ControlAnswer(
            try await core.perform { state, now in
                for wallet in SandboxWallet.allCases where state[wallet].codes[text] != nil {
                    switch state[wallet].decide(code: text, pays: pays, at: now) {
                    case .success(let trade): return TradeView(trade)
                    case .failure(.noPayment): throw Problem.conflict("No payment has been asked for with this code.")
                    case .failure(.notWaiting): throw Problem.conflict("The payment does not wait for the shopper.")
                    case .failure(.insufficient): throw Problem.conflict("The shopper's balance is too low.")
                    }
                }
                throw Problem.notFound("This code was never issued.")
            }
        )
    }

    private func shopper(_ context: SandboxContext) async throws -> ControlAnswer {
        let walletName = try context.parameters.require("wallet")
        let name = try context.parameters.require("shopper").removingPercentEncoding ?? ""
        guard let wallet = SandboxWallet(rawValue: walletName) else {
            throw Problem.notFound("There is no wallet named \(walletName).")
        }
        return try ControlAnswer(
            try await core.perform { state, _ in
                guard state[wallet].shoppers[name] != nil else {
                    throw Problem.notFound("No code has been issued to this shopper.")
                }
                return ShopperView(
                    wallet: wallet,
                    shopper: name,
                    balance: state[wallet].balance(of: name),
                    trades: state[wallet].trades(ofShopper: name, limit: 30).map(TradeView.init)
                )
            }
        )
    }

    // MARK: The wallets' truth

    private func trades(_ request: Request) async throws -> ControlAnswer {
        let number = request.uri.queryParameters["merchantOrderNumber"].map(String.init)
        let limit = try page(request, "limit", default: 100, in: 1...1000)
        let offset = try page(request, "offset", default: 0, in: 0...1_000_000_000)
        return try ControlAnswer(
            try await core.perform { state, _ in
                if let number {
                    return SandboxWallet.allCases.flatMap { state[$0].trades(number: number) }
                        .sorted { $0.createdAt > $1.createdAt }.map(TradeView.init)
                }
                // The newest of all wallets are among the newest of each.
                let candidates = SandboxWallet.allCases.flatMap { wallet in
                    state[wallet].sequence.suffix(offset + limit)
                        .reversed().compactMap { state[wallet].trade(number: $0) }
                }
                return candidates.sorted { $0.createdAt > $1.createdAt }.dropFirst(offset).prefix(limit)
                    .map(TradeView.init)
            }
        )
    }

    private func calls(_ request: Request) throws -> ControlAnswer {
        let number = request.uri.queryParameters["merchantOrderNumber"].map(String.init)
        let limit = try page(request, "limit", default: 1000, in: 1...20_000)
        return try ControlAnswer(log.records(number: number, limit: limit))
    }

    private func page(
        _ request: Request,
        _ name: String,
        default standard: Int,
        in range: ClosedRange<Int>
    ) throws -> Int {
        guard let text = request.uri.queryParameters[Substring(name)] else { return standard }
        guard let value = Int(text), range.contains(value) else {
            throw Problem.malformed(name, "A whole number from \(range.lowerBound) is expected.")
        }
        return value
    }

    // MARK: Policies and the clock

    private struct Choice: Encodable {
        let meaning: String
        let answers: [String]
    }

    private var policyChoices: [String: Choice] {
        Dictionary(
            uniqueKeysWithValues: Policies.Question.allCases.map {
                ($0.rawValue, Choice(meaning: $0.meaning, answers: $0.answers))
            }
        )
    }

    private func putPolicies(_ request: Request) async throws -> ControlAnswer {
        let questions = Policies.Question.allCases
        let input = try ControlInput(try await request.json(), known: questions.map(\.rawValue))
        var answers: [(Policies.Question, String)] = []
        for question in questions {
            guard let answer = try input.text(question.rawValue) else { continue }
            guard question.answers.contains(answer) else {
                throw input.complaint(
                    question.rawValue,
                    "One of \(question.answers.joined(separator: ", ")) is expected."
                )
            }
            answers.append((question, answer))
        }
        return try ControlAnswer(
            try await core.perform { [answers] state, _ in
                for (question, answer) in answers { _ = state.policies.choose(answer, for: question) }
                state.storeSettings()
                return state.policies.all
            }
        )
    }

    private func moveClock(_ request: Request) async throws -> ControlAnswer {
        let input = try ControlInput(try await request.json(), known: ["advance"])
        let seconds = try input.required("advance", input.number("advance", in: 0...100_000_000))
        return try await clock(advance: Int64(seconds * 1000))
    }

    private func clock(advance: Int64) async throws -> ControlAnswer {
        if advance > 0 {
            try await core.perform { state, _ in
                state.clockOffset += advance
                state.storeSettings()
            }
        }
        // A second look, so that what has become due has happened when the answer comes.
        return try ControlAnswer(
            try await core.perform { state, now in ClockView(now: now, offset: state.clockOffset) }
        )
    }
}

extension Request {
    /// The body as JSON; nil if it is none.
    func json() async throws -> JSONValue? {
        JSONValue(Array(buffer: try await body.collect(upTo: 256 * 1024)))
    }
}
