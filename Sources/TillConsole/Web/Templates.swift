// Part of Tillbridge. See LICENSE.
import Mustache

/// The pages under `Templates`, built into the executable.
enum Templates {
    private static let files: [(name: String, content: [UInt8])] = [
        ("chip", PackageResources.chip_mustache),
        ("field", PackageResources.field_mustache),
        ("layout", PackageResources.layout_mustache),
        ("organisation", PackageResources.organisation_mustache),
        ("payment", PackageResources.payment_mustache),
        ("payment-row", PackageResources.payment_row_mustache),
        ("payments", PackageResources.payments_mustache),
        ("place", PackageResources.place_mustache),
        ("problem", PackageResources.problem_mustache),
        ("refund", PackageResources.refund_mustache),
        ("refunds", PackageResources.refunds_mustache),
        ("register-code", PackageResources.register_code_mustache),
        ("second-factor", PackageResources.second_factor_mustache),
        ("sign-in", PackageResources.sign_in_mustache),
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
        guard let text = library.render(values, withTemplate: name) else { throw ConsoleProblem.notFound }
        return text
    }
}
