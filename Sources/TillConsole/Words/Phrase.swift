// Part of Tillbridge. See LICENSE.

/// A sentence before it is put into a language: its key in the files under `Strings`, and what is filled in.
struct Phrase: Equatable, Sendable {
    let key: String
    /// What takes the place of `{0}`, `{1}`, …
    let arguments: [String]

    init(_ key: StaticString, _ arguments: String...) {
        self.key = "\(key)"
        self.arguments = arguments
    }

    /// One of a family of words, such as `state.paying`. All keys of the family count as used.
    init(family: StaticString, _ member: String) {
        key = "\(family).\(member)"
        arguments = []
    }
}
