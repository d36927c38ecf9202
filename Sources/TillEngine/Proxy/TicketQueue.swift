// Part of Tillbridge. See LICENSE.

/// Waiting requests in the order they came. Its storage is kept, so that a busy proxy does not allocate.
struct TicketQueue: Sendable {
    struct Entry: Equatable, Sendable {
        let ticket: Int
        let deadline: Int64
    }

    private var entries: [Entry] = []
    private var head = 0

    var count: Int { entries.count - head }
    var first: Entry? { head < entries.count ? entries[head] : nil }

    mutating func append(_ entry: Entry) { entries.append(entry) }

    mutating func popFirst() -> Entry? {
        guard head < entries.count else { return nil }
        let entry = entries[head]
        head += 1
        if head == entries.count {
            entries.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 64, head * 2 >= entries.count {
            entries.removeFirst(head)
            head = 0
        }
        return entry
    }

    /// False if no such ticket waits.
    mutating func remove(_ ticket: Int) -> Bool {
        for index in head..<entries.count where entries[index].ticket == ticket {
            entries.remove(at: index)
            return true
        }
        return false
    }
}
