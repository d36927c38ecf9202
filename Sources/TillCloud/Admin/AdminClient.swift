// Part of Tillbridge. See LICENSE.
import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Sends an admin command to the cloud that runs on a data folder.
package enum AdminClient {
    /// - Returns: Nil if no cloud runs there.
    /// - Throws: ``StartError`` with the cloud's own sentence if it refuses.
    package static func send(_ request: AdminRequest, data: String) async throws -> AdminReply? {
        let file = AdminDoor.file(in: data)
        guard PrivateFile.exists(file) else { return nil }
        let address = try DocumentCoder.decode(AdminDoor.Address.self, from: PrivateFile.read(file))
        var call = HTTPClientRequest(url: "http://127.0.0.1:\(address.port)/admin")
        call.method = .POST
        call.headers.add(name: "Authorization", value: "Bearer \(address.token)")
        call.headers.add(name: "Content-Type", value: "application/json")
        call.body = .bytes(ByteBuffer(bytes: try DocumentCoder.encode(request)))
        let response: HTTPClientResponse
        do {
            response = try await HTTPClient.shared.execute(call, timeout: .seconds(30))
        } catch {
            // The file of a cloud that was killed: nobody listens any more.
            return nil
        }
        let body = Array(buffer: try await response.body.collect(upTo: 16 << 20))
        switch response.status.code {
        case 200: return try DocumentCoder.decode(AdminReply.self, from: body)
        // Another program has taken the port of a cloud that was killed.
        case 401, 404: return nil
        default: throw StartError(String(decoding: body, as: UTF8.self))
        }
    }
}
