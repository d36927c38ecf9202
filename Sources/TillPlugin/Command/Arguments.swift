// Part of Tillbridge. See LICENSE.
import CPlatform
import TillDomain

/// The command line's words. Options are taken out by name; what is left at the end must be nothing.
struct Arguments {
    private(set) var words: [[UInt8]]

    init(_ words: [[UInt8]]) { self.words = words }

    /// This process' arguments, without the program's name.
    static var process: Arguments {
        let text = Bytes.filled(capacity: 65_536) { Int(cp_arguments($0, $1)) }
        var words: [[UInt8]] = []
        for word in text.split(separator: 0, omittingEmptySubsequences: false) { words.append([UInt8](word)) }
        // Each argument ends with a NUL, so the last part is always empty.
        if !words.isEmpty { words.removeLast() }
        return Arguments([[UInt8]](words.dropFirst()))
    }

    /// Takes the first word.
    mutating func next() -> [UInt8]? { words.isEmpty ? nil : words.removeFirst() }

    /// Takes `--name VALUE` or `--name=VALUE`.
    mutating func option(_ name: StaticString) throws(StartError) -> [UInt8]? {
        let prefix = name.bytes + [61]
        for (position, word) in words.enumerated() {
            if word.count > prefix.count, word.starts(with: prefix) {
                words.remove(at: position)
                return [UInt8](word[prefix.count...])
            }
            guard name.matches(word) else { continue }
            guard position + 1 < words.count else { throw StartError("\(name) needs a value behind it.") }
            let value = words[position + 1]
            words.removeSubrange(position...position + 1)
            return value
        }
        return nil
    }

    mutating func required(_ name: StaticString) throws(StartError) -> [UInt8] {
        guard let value = try option(name) else {
            throw StartError("\(name) is missing; see 'tillbridge-plugin help'.")
        }
        return value
    }

    mutating func flag(_ name: StaticString) -> Bool {
        guard let position = words.firstIndex(where: { name.matches($0) }) else { return false }
        words.remove(at: position)
        return true
    }

    /// Refuses whatever has not been taken.
    func finish() throws(StartError) {
        guard let word = words.first else { return }
        throw StartError("'\(word)' is not understood here; see 'tillbridge-plugin help'.")
    }
}
