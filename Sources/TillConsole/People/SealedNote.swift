// Part of Tillbridge. See LICENSE.
import Foundation

/// A secret that is shown after a form was sent, such as a new password. The browser carries it sealed in the page's
/// address, so that a form sent twice shows the same one: it opens in the session that it was made for, for two minutes.
enum SealedNote {
    static let milliseconds: Int64 = 120_000

    static func seal(_ text: String, for viewer: Viewer, in box: SecretBox, at now: Int64) throws -> String {
        let sealed = try box.seal(Array("\(now) \(text)".utf8), name: "note:\(viewer.session)")
        return sealed.base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }

    /// Nil for a note that is too old, of another session, or none at all.
    static func open(_ note: String, for viewer: Viewer, in box: SecretBox, at now: Int64) -> String? {
        var base64 = note.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        while base64.count % 4 != 0 { base64 += "=" }
        guard let sealed = Data(base64Encoded: base64),
            let bytes = try? box.open(sealed, name: "note:\(viewer.session)")
        else { return nil }
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: " ", maxSplits: 1).map(String.init)
        guard parts.count == 2, let time = Int64(parts[0]), (0..<milliseconds).contains(now - time) else { return nil }
        return parts[1]
    }
}
