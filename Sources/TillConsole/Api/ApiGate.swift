// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import Logging
import TillCloud

/// What a program's request passes before its route: key, rate, right. Cookies count for nothing here, so a page from
/// elsewhere can have a browser send what it likes.
struct ApiGate: Sendable {
    static let pathPrefix = "/api/"

    let console: Console

    /// - Parameter rights: One of them is enough.
    func answer(
        _ request: Request,
        _ context: ConsoleContext,
        _ route: ConsoleRoute,
        _ rights: Set<ApiKey.Right>
    ) async -> Response {
        do {
            return try await passed(request, context, route, rights)
        } catch let problem as ApiProblem {
            return problem.response
        } catch ConsoleProblem.notFound {
            return ApiProblem.notFound.response
        } catch CloudLines.Silence.noCloud {
            return ApiProblem.noCloud.response
        } catch {
            console.logger.error("request failed", metadata: ["path": "\(route.path)", "error": "\(error)"])
            return ApiProblem.failed.response
        }
    }

    private func passed(
        _ request: Request,
        _ context: ConsoleContext,
        _ route: ConsoleRoute,
        _ rights: Set<ApiKey.Right>
    ) async throws -> Response {
        let now = console.now()
        let key = try await key(request, at: now)
        if let wait = console.limiter.wait(key.id, at: now) {
            throw ApiProblem(
                status: .tooManyRequests,
                name: "too-many-requests",
                title: "Too many requests",
                detail:
                    "A key may do \(RateLimiter.perMinute) requests a minute, \(RateLimiter.burst) of them at once.",
                retryAfter: wait
            )
        }
        try await key.noteUse(at: now, in: console.pool)
        guard !key.rights.isDisjoint(with: rights) else {
            throw ApiProblem(
                status: .forbidden,
                name: "forbidden",
                title: "The key may not do this",
                detail: "It needs the right '\(ApiKey.text(rights))'."
            )
        }
        var request = request
        var content: [UInt8] = []
        if route.method == .post {
            guard request.headers[.contentType]?.lowercased().hasPrefix("application/json") == true else {
                throw ApiProblem(
                    status: .unsupportedMediaType,
                    name: "unsupported-media-type",
                    title: "Send JSON",
                    detail: "The header Content-Type has to be application/json."
                )
            }
            do {
                content = [UInt8](buffer: try await request.collectBody(upTo: route.bodyLimit))
            } catch {
                throw ApiProblem(
                    status: .contentTooLarge,
                    name: "too-large",
                    title: "The body is too large",
                    detail: "At most \(route.bodyLimit) bytes."
                )
            }
        }
        return try await route.handle(
            Call(
                console: console,
                request: request,
                parameters: context.parameters,
                language: .english,
                target: request.uri.string,
                query: Form(request.uri.query ?? ""),
                form: .empty,
                address: context.remoteAddress,
                now: now,
                visitor: nil,
                program: (key, content)
            )
        )
    }

    private func key(_ request: Request, at now: Int64) async throws -> ApiKey {
        let parts = (request.headers[.authorization] ?? "").split(separator: " ", maxSplits: 1)
        let isBearer = parts.count == 2 && parts[0].lowercased() == "bearer"
        let secret = isBearer ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        guard let key = try await console.pool.read({ try ApiKey.of(secret: secret, at: now, $0) }) else {
            throw ApiProblem.unauthorized
        }
        return key
    }
}

extension Call {
    /// The key of a program's request.
    var key: ApiKey {
        get throws {
            guard let program else { throw ApiProblem.unauthorized }
            return program.key
        }
    }
}
