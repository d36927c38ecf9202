// Part of Tillbridge. See LICENSE.
import TillDomain

/// What is to happen, by its moment; of equal moments, what was asked for first comes first.
struct EventQueue<Event> {
    private typealias Entry = (at: Timestamp, place: Int, event: Event)

    private var heap: [Entry] = []
    private var count = 0

    mutating func add(_ event: Event, at moment: Timestamp) {
        count += 1
        heap.append((moment, count, event))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard isBefore(child, parent) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// The next event, unless its moment is after `limit`.
    mutating func next(until limit: Timestamp) -> (at: Timestamp, event: Event)? {
        guard let first = heap.first, first.at <= limit else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && isBefore(child, least) {
                least = child
            }
            guard least != parent else { break }
            heap.swapAt(parent, least)
            parent = least
        }
        return (first.at, first.event)
    }

    private func isBefore(_ one: Int, _ other: Int) -> Bool {
        (heap[one].at, heap[one].place) < (heap[other].at, heap[other].place)
    }
}
