// Part of Tillbridge. See LICENSE.

/// What somebody may do, always within the part of the organisation that a role was given for.
enum Permission: String, CaseIterable, Sendable {
    case viewPayments = "payments.view"
    /// Ask the wallet now.
    case actOnPayments = "payments.act"
    /// Order the undo of a payment whose register is silent.
    case revokePayments = "payments.revoke"
    /// Decide by hand what no machine can, as one of two persons.
    case resolvePayments = "payments.resolve"
    case exportPayments = "payments.export"
    /// Save filters of the list for everybody.
    case shareViews = "views.share"
    case requestRefunds = "refunds.request"
    /// Agree to another person's refund.
    case approveRefunds = "refunds.approve"
    case viewStatistics = "statistics.view"
    case viewOrganisation = "organisation.view"
    case editOrganisation = "organisation.edit"
    /// Activation codes, disabling a register.
    case manageRegisters = "registers.manage"
    case viewAccounts = "accounts.view"
    case editAccounts = "accounts.edit"
    case viewLaunches = "launches.view"
    case manageLaunches = "launches.manage"
    case viewSignFlags = "signflags.view"
    case editSignFlags = "signflags.edit"
    case viewPeople = "people.view"
    case editPeople = "people.edit"
    case viewAudit = "audit.view"
    /// Make and end the keys that programs use.
    case manageKeys = "apikeys.manage"
    case manageWebhooks = "webhooks.manage"
    case viewAlerts = "alerts.view"
    /// Say that somebody is at it.
    case acknowledgeAlerts = "alerts.acknowledge"
    case manageAlerts = "alerts.manage"

    /// What the administrator's role leaves out: who appoints people moves no money.
    static let keptApart: Set<Permission> = [.revokePayments, .requestRefunds, .approveRefunds, .resolvePayments]

    /// In the user's language.
    var phrase: Phrase { Phrase(family: "permission", rawValue) }
}

/// The roles that a console begins with. Others can be added; these stay as they are.
enum BuiltInRole: String, CaseIterable, Sendable {
    case admin, finance, manager, `operator`, auditor

    var permissions: Set<Permission> {
        switch self {
        case .admin: Set(Permission.allCases).subtracting(Permission.keptApart)
        case .operator:
            [
                .viewPayments, .actOnPayments, .revokePayments, .resolvePayments, .shareViews, .viewStatistics,
                .viewOrganisation, .viewLaunches, .viewAlerts, .acknowledgeAlerts,
            ]
        case .finance:
            [
                .viewPayments, .revokePayments, .exportPayments, .requestRefunds, .approveRefunds, .resolvePayments,
                .shareViews, .viewStatistics, .viewOrganisation, .viewAccounts, .viewAlerts,
            ]
        case .manager:
            [
                .viewPayments, .revokePayments, .requestRefunds, .viewStatistics, .viewOrganisation, .viewLaunches,
                .viewAlerts, .acknowledgeAlerts,
            ]
        case .auditor:
            [
                .viewPayments, .exportPayments, .viewStatistics, .viewOrganisation, .viewAccounts, .viewLaunches,
                .viewSignFlags, .viewPeople, .viewAudit, .viewAlerts,
            ]
        }
    }
}

/// The part of the organisation that a permission holds for: the nodes named and everything below them.
struct Scope: Hashable, Sendable {
    /// Paths such as `/1/4/`; the top's is `/1/`.
    let paths: Set<String>

    static let nothing = Scope(paths: [])

    var isEmpty: Bool { paths.isEmpty }

    /// Whether a node lies within it.
    func covers(_ path: String) -> Bool { paths.contains { path.hasPrefix($0) } }

    func union(_ other: Scope) -> Scope { Scope(paths: paths.union(other.paths)) }
}

/// Who is signed in, and what they may do.
struct Viewer: Sendable {
    let id: Int64
    let name: String
    let fullName: String
    let session: Int64
    /// Sent back with each form.
    let csrf: String
    let permissions: [Permission: Scope]
    let roles: [String]
    let isDemo: Bool
    let hasSecondFactor: Bool
    /// What comes before anything else.
    let hurdle: Hurdle?
    /// When password or second factor were last given, milliseconds since 1970.
    let provedAt: Int64

    enum Hurdle: Sendable {
        case secondFactor
        /// Somebody else drew the password.
        case newPassword
        case secondFactorSetUp
    }

    func scope(of permission: Permission) -> Scope { permissions[permission] ?? .nothing }

    func may(_ permission: Permission) -> Bool { !scope(of: permission).isEmpty }
}
