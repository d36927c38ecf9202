// Part of Tillbridge. See LICENSE.
package import TillDomain

package enum UndoState: Equatable, Sendable {
    /// A durable duty of this cloud, not finished. The gate stays shut.
    case revoking(step: Named<UndoStep>, nextSeconds: Int64)
    /// This cloud has durably taken the undo over and guarantees it. The gate opens.
    case duty(nextSeconds: Int64)
    /// Final: no money is held. The gate opens.
    case revoked(kind: Named<UndoKind>)
    /// The sale is confirmed here: nothing is undone. The gate stays shut.
    case confirmed
    /// A person is needed. The gate stays shut; a release by hand is allowed.
    case stuck(reason: [UInt8])
    /// A state that this build does not know: the gate stays shut.
    case other([UInt8])

    package var name: [UInt8] {
        switch self {
        case .revoking: ("revoking" as StaticString).bytes
        case .duty: ("duty" as StaticString).bytes
        case .revoked: ("revoked" as StaticString).bytes
        case .confirmed: ("confirmed" as StaticString).bytes
        case .stuck: ("stuck" as StaticString).bytes
        case .other(let name): name
        }
    }
}

/// The answer to REVOKE.
package struct UndoAnswer: WireMessage {
    package let head: AnswerHead
    package let orderNumber: OrderNumber
    package let state: UndoState

    package init(head: AnswerHead, orderNumber: OrderNumber, state: UndoState) {
        self.head = head
        self.orderNumber = orderNumber
        self.state = state
    }

    package init(_ object: JSONObject) throws(MessageError) {
        head = try AnswerHead(object)
        orderNumber = try object.identifier("n", as: OrderNumber.self)
        state = try UndoState(object)
    }

    package func write(to json: inout JSONWriter) {
        json.identifier("id", head.id)
        json.identifier("n", orderNumber)
        json.string("state", state.name)
        json.name("cloud", head.cloud)
        json.time("time", head.time)
        switch state {
        case .revoking(let step, let nextSeconds):
            json.string("step", step.bytes)
            json.integer("nextSeconds", nextSeconds)
        case .duty(let nextSeconds): json.integer("nextSeconds", nextSeconds)
        case .revoked(let kind): json.string("kind", kind.bytes)
        case .stuck(let reason): json.string("reason", reason)
        case .confirmed, .other: break
        }
    }
}

extension UndoState {
    private static let seconds: ClosedRange<Int64> = 0...31_536_000

    private enum Name: WireName {
        case revoking, duty, revoked, confirmed, stuck

        static let allCases: [Name] = [.revoking, .duty, .revoked, .confirmed, .stuck]

        var wireName: StaticString {
            switch self {
            case .revoking: "revoking"
            case .duty: "duty"
            case .revoked: "revoked"
            case .confirmed: "confirmed"
            case .stuck: "stuck"
            }
        }
    }

    fileprivate init(_ object: JSONObject) throws(MessageError) {
        switch try object.name("state", as: Name.self) {
        case .known(.revoking):
            self = .revoking(
                step: try object.name("step", as: UndoStep.self),
                nextSeconds: try object.integer("nextSeconds", in: UndoState.seconds)
            )
        case .known(.duty): self = .duty(nextSeconds: try object.integer("nextSeconds", in: UndoState.seconds))
        case .known(.revoked): self = .revoked(kind: try object.name("kind", as: UndoKind.self))
        case .known(.confirmed): self = .confirmed
        case .known(.stuck): self = .stuck(reason: try object.text("reason", length: 0...200))
        case .other(let name): self = .other(name)
        }
    }
}

/// What a cloud says to CONFIRM.
package enum ConfirmState: WireName, Hashable {
    case confirmed
    /// The plug-in contradicts itself: an alarm.
    case revoking, revoked

    package static let allCases: [ConfirmState] = [.confirmed, .revoking, .revoked]

    package var wireName: StaticString {
        switch self {
        case .confirmed: "confirmed"
        case .revoking: "revoking"
        case .revoked: "revoked"
        }
    }
}

/// The answer to CONFIRM.
package struct ConfirmAnswer: WireMessage {
    package let head: AnswerHead
    package let orderNumber: OrderNumber
    package let state: Named<ConfirmState>

    package init(head: AnswerHead, orderNumber: OrderNumber, state: Named<ConfirmState>) {
        self.head = head
        self.orderNumber = orderNumber
        self.state = state
    }

    package init(_ object: JSONObject) throws(MessageError) {
        head = try AnswerHead(object)
        orderNumber = try object.identifier("n", as: OrderNumber.self)
        state = try object.name("state", as: ConfirmState.self)
    }

    package func write(to json: inout JSONWriter) {
        json.identifier("id", head.id)
        json.identifier("n", orderNumber)
        json.string("state", state.bytes)
        json.name("cloud", head.cloud)
        json.time("time", head.time)
    }
}
