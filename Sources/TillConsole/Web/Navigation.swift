// Part of Tillbridge. See LICENSE.

/// The menu: what the viewer may see.
enum Navigation {
    /// Without a permission: for everybody who is signed in.
    private static let places: [(path: String, key: String, icon: String, permission: Permission?)] = [
        ("/payments", "payments", "pulse", .viewPayments),
        ("/refunds", "refunds", "back", .viewPayments),
        ("/dashboard", "dashboard", "chart", .viewStatistics),
        ("/organisation", "organisation", "tree", .viewOrganisation),
        ("/accounts", "accounts", "card", .viewAccounts),
        ("/launches", "launches", "rocket", .viewLaunches),
        ("/sign-flags", "signFlags", "flag", .viewSignFlags),
        ("/people", "people", "people", .viewPeople),
        ("/audit", "audit", "book", .viewAudit),
        ("/cashier-messages", "cashier", "message", nil),
        ("/system/alerts", "alerts", "alert", .viewAlerts),
        ("/system/api-keys", "apiKeys", "key", .manageKeys),
        ("/system/webhooks", "webhooks", "send", .manageWebhooks),
    ]

    /// What tells of all places alike is for those who may see it at the top.
    private static let whole: Set<Permission> = [.viewAudit]

    private static func mayOpen(_ permission: Permission?, _ viewer: Viewer) -> Bool {
        guard let permission else { return true }
        return whole.contains(permission) ? viewer.scope(of: permission).covers("/1/") : viewer.may(permission)
    }

    static func items(for viewer: Viewer, at path: String, _ words: Words) -> [[String: Any]] {
        places.filter { mayOpen($0.permission, viewer) }.map { place in
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
        places.first { $0.permission != nil && mayOpen($0.permission, viewer) }?.path ?? "/me"
    }
}
