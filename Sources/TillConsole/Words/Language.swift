// Part of Tillbridge. See LICENSE.

/// The language of a page.
enum Language: String, CaseIterable, Sendable {
    case english = "en"
    case chinese = "zh"

    /// For `<html lang>`: fonts and screen readers choose by it.
    var tag: String {
        switch self {
        case .english: "en"
        case .chinese: "zh-Hans"
        }
    }

    /// The first language of an `Accept-Language` header that there is; English without one.
    init(accepted header: String?) {
        let tags = (header ?? "").split(separator: ",").map { $0.split(separator: ";")[0].filter { $0 != " " } }
        let known = tags.lazy.compactMap { tag in Language.allCases.first { tag.lowercased().hasPrefix($0.rawValue) } }
        self = known.first ?? .english
    }
}
