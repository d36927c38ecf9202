// Part of Tillbridge. See LICENSE.
import Hummingbird

/// What registers show, in both languages, for whoever answers a store's call. Everybody who is signed in may read it.
enum CashierRoutes {
    static let all: [ConsoleRoute] = [
        .get("/cashier-messages", .session) { try page($0) }
    ]

    private static func page(_ call: Call) throws -> Response {
        try call.page(
            "cashier",
            [
                "sections": CashierCatalogue.Section.allCases.map { section -> [String: Any] in
                    [
                        "title": call.text(Phrase(family: "cashierSection", section.rawValue)),
                        "entries": CashierCatalogue.entries(section).map { model($0, call) },
                    ]
                },
                "secondsHint": call.text(Phrase("cashier.seconds", "\(CashierCatalogue.exampleSeconds)")),
            ]
        )
    }

    private static func model(_ entry: CashierCatalogue.Entry, _ call: Call) -> [String: Any] {
        [
            "outcome": entry.outcome,
            "detail": entry.detail,
            "english": entry.english,
            "chinese": entry.chinese,
            "next": call.text(Phrase(family: "cashierStep", entry.step.rawValue)),
        ]
    }
}
