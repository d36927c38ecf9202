// Part of Tillbridge. See LICENSE.
import Hummingbird

/// The list of faults under `/sandbox/v1/faults`. PUT replaces it, POST adds one, DELETE empties it.
struct FaultRoutes: Sendable {
    let core: SandboxCore

    func add(to group: RouterGroup<SandboxContext>) {
        group.get("faults") { _, _ in
            try ControlAnswer(try await core.perform { state, _ in state.faults }).response
        }
        group.put("faults") { request, _ in
            guard case .list(let items)? = try await request.json() else {
                throw Problem.malformed("body", "A JSON list of faults is expected.")
            }
            let faults = try items.enumerated().map { try fault($1, at: "[\($0)]") }
            return try await replace(faults).response
        }
        group.post("faults") { request, _ in
            guard let item = try await request.json() else {
                throw Problem.malformed("body", "A fault is expected.")
            }
            return try await add(try fault(item, at: "")).response
        }
        group.delete("faults") { _, _ in try await replace([]).response }
    }

    private func replace(_ faults: [Fault]) async throws -> ControlAnswer {
        try ControlAnswer(
            try await core.perform { state, _ in
                state.faults = faults
                state.storeSettings()
                return state.faults
            }
        )
    }

    /// Faults of one code that have struck their last call are forgotten, so that the list does not grow with codes.
    private func add(_ fault: Fault) async throws -> ControlAnswer {
        try ControlAnswer(
            try await core.perform { state, _ in
                state.faults.removeAll { $0.code != nil && $0.count == 0 }
                state.faults.append(fault)
                state.storeSettings()
                return state.faults
            }
        )
    }

    private func fault(_ value: JSONValue, at place: String) throws -> Fault {
        let input = try ControlInput(
            value,
            at: place,
            known: ["wallet", "operation", "fault", "probability", "count", "seconds", "code"]
        )
        let kind = try input.required("fault", input.choice("fault", of: FaultKind.self))
        let operation = try input.choice("operation", of: SandboxOperation.self)
        if let operation, let possible = kind.operations, !possible.contains(operation) {
            throw input.complaint(
                "operation",
                "\(kind.rawValue) strikes \(possible.map(\.rawValue).joined(separator: ", ")) only."
            )
        }
        let code = try input.text("code")
        if code != nil, operation != .pay {
            throw input.complaint("code", "Only a pay call has a payment code: give \"operation\": \"pay\" with it.")
        }
        return Fault(
            wallet: try input.choice("wallet", of: SandboxWallet.self),
            operation: operation,
            fault: kind,
            probability: try input.number("probability", in: 0...1) ?? 1,
            count: try input.integer("count", in: 0...1_000_000_000).map(Int.init),
            seconds: try input.number("seconds", in: 0...86_400) ?? kind.defaultSeconds,
            code: code,
            hits: 0
        )
    }
}
