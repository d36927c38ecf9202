// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
package import Logging
import TillCloud

/// The parts of one console, put together. Nothing runs yet: the service does with ``ConsoleService``.
package final class Console: Sendable {
    let settings: ConsoleSettings
    let pool: DatabasePool
    let box: SecretBox
    let sessions: Sessions
    let signIn: SignIn
    let clouds: CloudLines
    let routing = RoutingLook()
    let codes = CodeShelf()
    let strips = StripShelf()
    let limiter = RateLimiter()
    /// Finds the machines that webhooks go to.
    let resolve: InternetAddress.Resolve
    /// Rings when a cloud's log has grown.
    let bell = Bell()
    let logger: Logger
    /// Milliseconds since 1970.
    let now: @Sendable () -> Int64

    /// Opens database and key, and makes what a first start lacks: the organisation's top, the built-in roles.
    /// - Throws: ``StartError`` for settings, a database or a key that do not fit.
    package convenience init(
        settings: ConsoleSettings,
        logger: Logger,
        now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000) }
    ) async throws {
        try await self.init(
            settings: settings,
            logger: logger,
            now: now,
            clouds: CloudLines(folders: settings.clouds)
        )
    }

    init(
        settings: ConsoleSettings,
        logger: Logger,
        now: @escaping @Sendable () -> Int64,
        clouds: CloudLines,
        resolve: @escaping InternetAddress.Resolve = InternetAddress.system
    ) async throws {
        try settings.check()
        try PrivateFile.createFolder(settings.data)
        self.settings = settings
        self.logger = logger
        self.now = now
        pool = try ConsoleDatabase.open(settings.data + "/console.sqlite")
        box = try SecretBox(file: settings.data + "/console.key")
        sessions = Sessions(pool: pool)
        signIn = try SignIn(pool: pool, box: box)
        self.clouds = clouds
        self.resolve = resolve
        try await pool.write { database in
            try Organisation.makeTop(database)
            try Roles.makeBuiltIn(database)
            try DemoUsers.check(areWanted: settings.demoUsersFile != nil, database)
        }
        if let file = settings.demoUsersFile { try await DemoUsers.make(file: file, pool: pool, at: now()) }
    }

    /// All pages and actions.
    static let routes: [ConsoleRoute] =
        Assets.routes + SignInRoutes.all + PaymentExport.routes + ColumnRoutes.all + SavedViewRoutes.all
        + NoteRoutes.all + PaymentRoutes.all + DashboardRoutes.all + RefundRoutes.all + RevokeRoutes.all
        + ResolutionRoutes.all + OwnRoutes.all + PeopleRoutes.all + RoleRoutes.all + AuditRoutes.all
        + AccountRoutes.all + SignFlagRoutes.all + LaunchRoutes.all
        + OrganisationRoutes.all + CashierRoutes.all
        + ApiKeyRoutes.all + PaymentApi.all + RefundApi.all + WebhookRoutes.all
        + AlertRoutes.all

    // MARK: - Where browsers come from

    /// Whether a request names this console as its host.
    func allows(host: String?) -> Bool {
        guard let host else { return false }
        if let origin = settings.origin { return origin.hasSuffix("//\(host)") || isOwn(host) }
        return isOwn(host)
    }

    func allows(origin: String) -> Bool {
        if origin == settings.origin { return true }
        let scheme = settings.certificate == nil ? "http://" : "https://"
        return origin.hasPrefix(scheme) && isOwn(String(origin.dropFirst(scheme.count)))
    }

    /// The console's own address. On loopback the port is not compared: it is chosen by the system, or by a tunnel.
    private func isOwn(_ host: String) -> Bool {
        let name = host.split(separator: ":").first.map(String.init) ?? ""
        return CloudSettings.isLoopback(settings.host)
            ? ["127.0.0.1", "localhost"].contains(name) : name == settings.host
    }

    package func close() throws { try pool.close() }
}
