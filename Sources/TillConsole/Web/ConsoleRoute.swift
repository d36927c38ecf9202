// Part of Tillbridge. See LICENSE.
import HTTPTypes
import Hummingbird

/// One page or action of the console. All routes stand in one list, so that the gate checks each alike and a test can
/// sweep them.
struct ConsoleRoute: Sendable {
    enum Need: Equatable, Sendable {
        /// For everybody: signing in, style, script.
        case nothing
        /// For whose password was right; the second factor may be missing.
        case halfSession
        /// For whoever is signed in, before a first password is changed and a second factor is set up as well.
        case session
        /// For whoever holds a permission somewhere. What lies outside its scope is the handler's to refuse.
        case permission(Permission)
        /// For programs, whose key has one of these rights. Sessions count for nothing.
        case key(Set<ApiKey.Right>)
    }

    let method: HTTPRequest.Method
    let path: String
    let need: Need
    /// Longest body that is read, in bytes.
    var bodyLimit = 64 << 10
    let handle: @Sendable (Call) async throws -> Response

    static func get(
        _ path: String,
        _ need: Need,
        _ handle: @escaping @Sendable (Call) async throws -> Response
    ) -> ConsoleRoute {
        ConsoleRoute(method: .get, path: path, need: need, handle: handle)
    }

    static func post(
        _ path: String,
        _ need: Need,
        bodyLimit: Int = 64 << 10,
        _ handle: @escaping @Sendable (Call) async throws -> Response
    ) -> ConsoleRoute {
        ConsoleRoute(method: .post, path: path, need: need, bodyLimit: bodyLimit, handle: handle)
    }
}

/// Why a request is not answered as it wished.
enum ConsoleProblem: Error, Equatable {
    case notFound
    /// The permission is missing, altogether or for this part of the organisation.
    case forbidden(Permission)
    /// Password and second factor are asked for once more.
    case proofNeeded
    case refused(Phrase)
    /// In the words of a cloud.
    case cloudRefused(String)
}
