// Part of Tillbridge. See LICENSE.
import TillEngine

/// Which rows of the tables were taken how often, and which state of a payment was met by which kind of fault.
package struct Coverage: Sendable {
    /// By the row's place in the standard tables.
    package private(set) var cloudRows: [Int]
    package private(set) var laneRows: [Int]
    /// How often each kind of fault came.
    package private(set) var faults: [Int]
    /// For each kind of fault, a bit for each lane state and above them for each cloud state.
    package private(set) var pairs: [UInt32]

    package init() {
        cloudRows = [Int](repeating: 0, count: CloudTable.standard.rows.count)
        laneRows = [Int](repeating: 0, count: LaneTable.rows.count)
        faults = [Int](repeating: 0, count: FaultKind.count)
        pairs = [UInt32](repeating: 0, count: FaultKind.count)
    }

    mutating func take(cloudRow place: Int) { if place < cloudRows.count { cloudRows[place] += 1 } }

    mutating func take(laneRows taken: [UInt32]) {
        for place in laneRows.indices where place < taken.count { laneRows[place] += Int(taken[place]) }
    }

    mutating func meet(_ kind: FaultKind) { faults[Int(kind.rawValue)] += 1 }

    mutating func meet(_ kind: FaultKind, lane: LaneState) {
        pairs[Int(kind.rawValue)] |= 1 << UInt32(LaneState.allCases.firstIndex(of: lane) ?? 0)
    }

    mutating func meet(_ kind: FaultKind, cloud: CloudState) {
        pairs[Int(kind.rawValue)] |= 1 << UInt32(LaneState.allCases.count + Int(cloud.rawValue))
    }

    package mutating func add(_ other: Coverage) {
        for place in cloudRows.indices { cloudRows[place] += other.cloudRows[place] }
        for place in laneRows.indices { laneRows[place] += other.laneRows[place] }
        for place in faults.indices {
            faults[place] += other.faults[place]
            pairs[place] |= other.pairs[place]
        }
    }

    /// States, lane first, that a kind of fault has not met.
    package func unmet(_ kind: FaultKind) -> [String] {
        var names: [String] = []
        for (place, state) in LaneState.allCases.enumerated() where state != .free {
            if pairs[Int(kind.rawValue)] >> UInt32(place) & 1 == 0 { names.append("lane \(state)") }
        }
        for state in CloudState.allCases {
            let place = LaneState.allCases.count + Int(state.rawValue)
            if pairs[Int(kind.rawValue)] >> UInt32(place) & 1 == 0 { names.append("cloud \(state)") }
        }
        return names
    }
}

extension Simulation {
    /// A fault has come: counts it, with the states that it met.
    mutating func note(_ kind: FaultKind, _ place: Int?) {
        coverage.meet(kind)
        guard countsRows, let place else { return }
        coverage.meet(kind, lane: LaneState(payments[place].durable))
        for cloud in clouds.indices {
            let state = place < clouds[cloud].rows.count ? clouds[cloud].rows[place].payment?.state : nil
            coverage.meet(kind, cloud: state ?? .none)
        }
    }

    /// A fault that meets a whole register: its last attempts, open or not.
    mutating func noteAll(_ kind: FaultKind, register: Int) {
        coverage.meet(kind)
        guard countsRows else { return }
        for place in registers[register].open { note(kind, place) }
        var seen = 0
        for place in payments.indices.reversed() where payments[place].register == register {
            note(kind, place)
            seen += 1
            if seen == 4 { break }
        }
    }

    /// A fault that meets a whole cloud.
    mutating func noteAll(_ kind: FaultKind, cloud: Int) {
        coverage.meet(kind)
        guard countsRows else { return }
        for place in clouds[cloud].open { note(kind, place) }
        for place in payments.indices.suffix(6) { note(kind, place) }
    }
}

extension LaneState {
    init(_ kind: JournalKind) {
        switch kind {
        case .paid: self = .paid
        case .acked: self = .acked
        case .declined: self = .declined
        case .unsent: self = .unsent
        case .revoke: self = .revoke
        case .duty: self = .duty
        case .released: self = .released
        case .final: self = .final
        case .start, .intent, .closed, .checkpoint, .refund: self = .intent
        }
    }
}
