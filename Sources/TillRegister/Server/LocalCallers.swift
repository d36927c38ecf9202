// Part of Tillbridge. See LICENSE.
import HTTPTypes
import Hummingbird

/// Lets in only this machine's own page: a web page from elsewhere can neither name this host nor send JSON to it.
struct LocalCallers: RouterMiddleware {
    typealias Context = BasicRequestContext

    let phone: String?

    func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let host = request.head.authority.map { String($0.prefix { $0 != ":" }) }
        guard host == "127.0.0.1" || host == "localhost" else {
            throw HTTPError(.forbidden, message: "this till answers on 127.0.0.1 only")
        }
        if request.method == .post {
            let type = request.headers[.contentType]?.lowercased() ?? ""
            guard type == "application/json" || type.hasPrefix("application/json;") else {
                throw HTTPError(.unsupportedMediaType, message: "send application/json")
            }
        }
        var response = try await next(request, context)
        response.headers[.contentSecurityPolicy] =
            "default-src 'self'; img-src 'self' data:; frame-src \(phone ?? "'none'"); frame-ancestors 'self'; "
            + "base-uri 'none'; form-action 'none'"
        response.headers[.xContentTypeOptions] = "nosniff"
        return response
    }
}
