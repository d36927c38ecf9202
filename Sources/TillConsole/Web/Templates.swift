// Part of Tillbridge. See LICENSE.
import Mustache

/// The pages under `Templates`, built into the executable.
enum Templates {
    private static let files: [(name: String, content: [UInt8])] = [
        ("chip", PackageResources.chip_mustache),
        ("cashier", PackageResources.cashier_mustache),
        ("dashboard", PackageResources.dashboard_mustache),
        ("export", PackageResources.export_mustache),
        ("exports", PackageResources.exports_mustache),
        ("field", PackageResources.field_mustache),
        ("layout", PackageResources.layout_mustache),
        ("organisation", PackageResources.organisation_mustache),
        ("payment", PackageResources.payment_mustache),
        ("payment-row", PackageResources.payment_row_mustache),
        ("payments", PackageResources.payments_mustache),
        ("payment-notes", PackageResources.payment_notes_mustache),
        ("payments-head", PackageResources.payments_head_mustache),
        ("place", PackageResources.place_mustache),
        ("problem", PackageResources.problem_mustache),
        ("refund", PackageResources.refund_mustache),
        ("refunds", PackageResources.refunds_mustache),
        ("resolve", PackageResources.resolve_mustache),
        ("revoke", PackageResources.revoke_mustache),
        ("register-code", PackageResources.register_code_mustache),
        ("second-factor", PackageResources.second_factor_mustache),
        ("step", PackageResources.step_mustache),
        ("sign-in", PackageResources.sign_in_mustache),
        ("audit", PackageResources.audit_mustache),
        ("audit-verified", PackageResources.audit_verified_mustache),
        ("me", PackageResources.me_mustache),
        ("me-password", PackageResources.me_password_mustache),
        ("me-proof", PackageResources.me_proof_mustache),
        ("me-second-factor", PackageResources.me_second_factor_mustache),
        ("note", PackageResources.note_mustache),
        ("people", PackageResources.people_mustache),
        ("person", PackageResources.person_mustache),
        ("person-form", PackageResources.person_form_mustache),
        ("person-new", PackageResources.person_new_mustache),
        ("role", PackageResources.role_mustache),
        ("roles", PackageResources.roles_mustache),
        ("stale", PackageResources.stale_mustache),
        ("account-new", PackageResources.account_new_mustache),
        ("account-test", PackageResources.account_test_mustache),
        ("accounts", PackageResources.accounts_mustache),
        ("launch", PackageResources.launch_mustache),
        ("launch-go", PackageResources.launch_go_mustache),
        ("launch-stores", PackageResources.launch_stores_mustache),
        ("launch-test", PackageResources.launch_test_mustache),
        ("launch-wallets", PackageResources.launch_wallets_mustache),
        ("launches", PackageResources.launches_mustache),
        ("sign-flag-form", PackageResources.sign_flag_form_mustache),
        ("sign-flags", PackageResources.sign_flags_mustache),
        ("view-form", PackageResources.view_form_mustache),
        ("views", PackageResources.views_mustache),
        ("api-key", PackageResources.api_key_mustache),
        ("api-key-new", PackageResources.api_key_new_mustache),
        ("api-keys", PackageResources.api_keys_mustache),
        ("payment-webhooks", PackageResources.payment_webhooks_mustache),
        ("webhook", PackageResources.webhook_mustache),
        ("webhook-delivery", PackageResources.webhook_delivery_mustache),
        ("webhook-kinds", PackageResources.webhook_kinds_mustache),
        ("webhook-new", PackageResources.webhook_new_mustache),
        ("webhooks", PackageResources.webhooks_mustache),
        ("alert-kinds", PackageResources.alert_kinds_mustache),
        ("alert-rule", PackageResources.alert_rule_mustache),
        ("alerts", PackageResources.alerts_mustache),
        ("store-import", PackageResources.store_import_mustache),
    ]

    private static let library: MustacheLibrary = {
        var library = MustacheLibrary()
        for (name, content) in files {
            do {
                try library.register(String(decoding: content, as: UTF8.self), named: name)
            } catch {
                // The files are part of the program, and a test renders each.
                preconditionFailure("Templates/\(name).mustache cannot be read: \(error)")
            }
        }
        return library
    }()

    static func render(_ name: String, _ values: [String: Any]) throws -> String {
        guard let text = library.render(filled(values), withTemplate: name) else { throw ConsoleProblem.notFound }
        return text
    }

    /// With nothing in place of empty texts, at any depth: a section about something that is not there is left out. The
    /// name stays, or the template would look for it further out.
    private static func filled(_ values: [String: Any]) -> [String: Any] {
        values.mapValues { value in
            switch value {
            case let text as String: text.isEmpty ? Nothing() : text
            case let values as [String: Any]: filled(values)
            case let list as [[String: Any]]: list.map { filled($0) }
            default: value
            }
        }
    }

    private struct Nothing: MustacheCustomRenderable {
        var renderText: String { "" }
        var isNull: Bool { true }
    }
}
