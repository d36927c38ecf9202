// Part of Tillbridge. See LICENSE.

/// Formats are made of bytes. Swift compares texts by characters instead, and a combining mark behind a delimiter makes
/// another character of it: a search by characters overlooks what the reader of the bytes finds.
extension String {
    /// Whether it holds one of these code points.
    func hasScalar(in set: String) -> Bool {
        unicodeScalars.contains { set.unicodeScalars.contains($0) }
    }

    /// This text with each `part` replaced, whatever follows it.
    func replacingScalars(_ part: String, with replacement: String) -> String {
        String(unicodeScalars.replacing(part.unicodeScalars, with: replacement.unicodeScalars))
    }
}
