// Part of Tillbridge. See LICENSE.

/// Why a store did not do what it was asked.
package enum StoreError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Nobody knows whether the commit happened. Nothing may be sent or answered because of it.
    case unclear(String)
    /// Nothing was stored, and the store cannot work now.
    case unavailable(String)
    /// A commit failed: nothing is stored any more until a restart has read back what the disk holds.
    case spent(String)
    /// Something stored does not read as what it should be.
    case damaged(String)

    package var description: String {
        switch self {
        case .unclear(let cause): "The store does not know whether it has stored: \(cause)"
        case .unavailable(let cause): "The store is not available: \(cause)"
        case .spent(let cause): "The store takes nothing any more: \(cause)"
        case .damaged(let cause): "The store is damaged: \(cause)"
        }
    }
}

/// Why a store cannot be opened: one sentence that names the thing and what to do. Nothing was changed on disk.
package struct StoreStartError: Error, Equatable, Sendable, CustomStringConvertible {
    package let sentence: String

    package init(_ sentence: String) { self.sentence = sentence }

    package var description: String { sentence }
}
