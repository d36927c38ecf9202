// Part of Tillbridge. See LICENSE.

/// The menu: what the viewer may see.
enum Navigation {
    private static let places: [(path: String, key: String, icon: String, permission: Permission)] = [
        ("/payments", "payments", "pulse", .viewPayments),
        ("/refunds", "refunds", "back", .viewPayments),
        ("/dashboard", "dashboard", "chart", .viewStatistics),
        ("/organisation", "organisation", "tree", .viewOrganisation),
        ("/accounts", "accounts", "card", .viewAccounts),
        ("/launches", "launches", "rocket", .viewLaunches),
        ("/sign-flags", "signFlags", "flag", .viewSignFlags),
        ("/people", "people", "people", .viewPeople),
        ("/audit", "audit", "book", .viewAudit),
        ("/system/alerts", "alerts", "alert", .viewAlerts),
        ("/system/api-keys", "apiKeys", "key", .manageKeys),
        ("/system/webhooks", "webhooks", "send", .manageWebhooks),
    ]

    static func items(for viewer: Viewer, at path: String, _ words: Words) -> [[String: Any]] {
        places.filter { viewer.may($0.permission) }.map { place in
            [
                "path": place.path,
                "icon": place.icon,
                "name": words.text(Phrase(family: "navigation", place.key)),
                "isCurrent": path == place.path || path.hasPrefix(place.path + "/"),
            ]
        }
    }

    /// The first page that somebody may see.
    static func home(of viewer: Viewer) -> String {
        places.first { viewer.may($0.permission) }?.path ?? "/me"
    }
}
