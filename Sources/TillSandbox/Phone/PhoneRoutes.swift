// Part of Tillbridge. See LICENSE.
import HTTPTypes
import Hummingbird
import NIOCore
import TillPictures

/// The shopper's phone: one page, its style and its script, and the two pictures of a code.
struct PhoneRoutes: Sendable {
    let core: SandboxCore

    func addPage(to group: RouterGroup<SandboxContext>) {
        group.get("phone") { _, _ in file(PhonePage.html, "text/html; charset=utf-8") }
        group.get("phone.css") { _, _ in file(PhonePage.css, "text/css; charset=utf-8") }
        group.get("phone.js") { _, _ in file(PhonePage.script, "text/javascript; charset=utf-8") }
    }

    func addPictures(to group: RouterGroup<SandboxContext>) {
        group.get("codes/:code/picture") { _, context in
            let text = try context.parameters.require("code")
            let isIssued = try await core.perform { state, _ in
                SandboxWallet.allCases.contains { state[$0].codes[text] != nil }
            }
            guard isIssued, let bars = Code128(digits: text), let matrix = QRCode(digits: text) else {
                throw Problem.notFound("This code was never issued.")
            }
            return try ControlAnswer(
                Picture(code128: row(bars.modules), qr: matrix.modules.map(row))
            ).response
        }
    }

    /// Modules as text: 1 is dark.
    private struct Picture: Encodable {
        let code128: String
        let qr: [String]
    }

    private func row(_ modules: [Bool]) -> String { String(modules.map { $0 ? "1" : "0" }) }

    private func file(_ text: String, _ type: String) -> Response {
        var headers: HTTPFields = [.contentType: type, .cacheControl: "no-cache"]
        headers[.contentSecurityPolicy] =
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
            + "frame-ancestors 'self' http://127.0.0.1:* http://localhost:*"
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}

/// The page's three files.
enum PhonePage {}
