// Part of Tillbridge. See LICENSE.
import HTTPTypes
import Hummingbird

/// Lets only this machine, and no foreign web page in its browser, reach the control interface; turns refusals into
/// problem documents.
struct ControlGuard: RouterMiddleware {
    func handle(
        _ request: Request,
        context: SandboxContext,
        next: @concurrent (Request, SandboxContext) async throws -> Response
    ) async throws -> Response {
        guard context.isLoopback else {
            return Problem(.forbidden, name: "loopback-only", detail: "Only this machine may do this.").response
        }
        // A page of another site reaches 127.0.0.1 too, but under its own name or with its own origin.
        guard let host = request.head.authority, ControlGuard.isLocal(host) else {
            return Problem(
                .forbidden,
                name: "foreign-host",
                detail: "The Host must be 127.0.0.1, [::1] or localhost.",
                field: "Host"
            ).response
        }
        if let origin = request.headers[.origin] {
            guard let scheme = origin.firstRange(of: "://"), ControlGuard.isLocal(String(origin[scheme.upperBound...]))
            else {
                return Problem(
                    .forbidden,
                    name: "foreign-origin",
                    detail: "Only the sandbox's own pages may do this.",
                    field: "Origin"
                ).response
            }
        }
        do {
            return try await next(request, context)
        } catch let problem as Problem {
            return problem.response
        } catch let error as HTTPError {
            return Problem(error.status, name: "refused", detail: error.body ?? error.status.reasonPhrase).response
        }
    }

    static func isLocal(_ authority: String) -> Bool {
        var name = authority[...]
        if name.hasPrefix("[") {
            name = name.dropFirst().prefix { $0 != "]" }
        } else {
            name = name.prefix { $0 != ":" }
        }
        return name == "127.0.0.1" || name == "::1" || name.lowercased() == "localhost"
    }
}
