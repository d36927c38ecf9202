// Part of Tillbridge. See LICENSE.
import TillDomain

/// For which stores a rule or an account holds: `*` for all, or stores (7 characters) and chains (3) between commas.
package struct StoreScope: Equatable, Sendable {
    /// Empty for all stores.
    let names: Set<String>
    private let hasChains: Bool

    package static let all = StoreScope([])

    private init(_ names: Set<String>) {
        self.names = names
        hasChains = names.contains { $0.utf8.count == 3 }
    }

    /// Nil for anything else.
    package init?(_ text: String) {
        guard text != "*" else {
            self = .all
            return
        }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard parts.allSatisfy({ [3, 7].contains($0.utf8.count) && Base32.isText($0.utf8) }) else { return nil }
        self.init(Set(parts))
    }

    package static let form = "use '*', or stores' 7 characters and chains' 3, with commas between them"

    /// How closely a store is named: 7 by itself, 3 by its chain, 0 as one of all; nil if it is not.
    func closeness(to store: String) -> Int? {
        if names.isEmpty { return 0 }
        if names.contains(store) { return store.utf8.count }
        return hasChains && names.contains(String(store.prefix(3))) ? 3 : nil
    }

    func covers(_ store: String) -> Bool { closeness(to: store) != nil }

    /// A store or chain for which both hold, or `*`; nil if there is none.
    func common(with other: StoreScope) -> String? {
        if names.isEmpty { return other.names.min() ?? "*" }
        if other.names.isEmpty { return names.min() }
        return names.filter { other.covers($0) }.min() ?? other.names.filter { covers($0) }.min()
    }
}
