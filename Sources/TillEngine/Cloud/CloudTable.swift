// Part of Tillbridge. See LICENSE.
import TillDomain

/// One row of the cloud payment's table: if the record is in one of `states`, one of `events` comes, and every guard
/// holds, the record goes to `next` (nil: it stays) and `actions` happen in this order.
package struct CloudRow: Sendable {
    package let states: [CloudState]
    package let events: [CloudEventKind]
    package let guards: [CloudGuard]
    package let next: CloudState?
    package let actions: [CloudActionKind]
    /// Why, for the documentation. Empty where the row speaks for itself.
    package let note: StaticString

    package init(
        _ states: [CloudState],
        _ events: [CloudEventKind],
        if guards: [CloudGuard] = [],
        to next: CloudState? = nil,
        do actions: [CloudActionKind],
        _ note: StaticString = ""
    ) {
        self.states = states
        self.events = events
        self.guards = guards
        self.next = next
        self.actions = actions
        self.note = note
    }
}

/// The table that drives ``CloudPayment``, the documentation and the comparison with the model.
///
/// Rows of one pair of state and event are tried from top to bottom. A pair without a row that holds leaves the
/// record as it is, is counted, and a request is answered with the present state.
package struct CloudTable: Sendable {
    package let rows: [CloudRow]
    /// For each pair, the places of its rows.
    private let index: [[Int]]

    package init(rows: [CloudRow]) {
        self.rows = rows
        let width = CloudEventKind.allCases.count
        var index = [[Int]](repeating: [], count: CloudState.allCases.count * width)
        for (place, row) in rows.enumerated() {
            for state in row.states {
                for event in row.events { index[Int(state.rawValue) * width + Int(event.rawValue)].append(place) }
            }
        }
        self.index = index
    }

    /// The places in ``rows`` of the rows for one pair, in the order in which they are tried.
    package func candidates(_ state: CloudState, _ event: CloudEventKind) -> [Int] {
        index[Int(state.rawValue) * CloudEventKind.allCases.count + Int(event.rawValue)]
    }

    /// The place of the first row whose guards all hold.
    package func place(_ state: CloudState, _ event: CloudEventKind, holds: (CloudGuard) -> Bool) -> Int? {
        for place in candidates(state, event) where rows[place].guards.allSatisfy(holds) { return place }
        return nil
    }

    /// The table of `docs/payment-protocol.md`.
    package static let standard = CloudTable(
        rows: requestRows + payRows + queryRows + undoRows + stuckRows + timerRows + endRows
    )
}
