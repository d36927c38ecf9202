// Part of Tillbridge. See LICENSE.
import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1

/// Sends an admin command to the cloud that runs on a data folder.
package enum AdminClient {
    /// The cloud was asked, and whether it has done what was asked is not known: it failed on the way, or was silent.
    package struct UnknownOutcome: Error, Equatable, CustomStringConvertible {
        package let sentence: String

        package init(_ sentence: String) { self.sentence = sentence }

        package var description: String { sentence }
    }

    /// - Parameter person: Who gives the command, for the audit entries; ASCII.
    /// - Returns: Nil if no cloud runs there.
    /// - Throws: ``StartError`` with the cloud's own sentence if it refuses, having changed nothing; ``UnknownOutcome``.
    package static func send(
        _ request: AdminRequest,
        data: String,
        person: String? = nil
    ) async throws -> AdminReply? {
        guard var call = try question(AdminDoor.commands, request, data: data) else { return nil }
        if let person { call.headers.add(name: "\(AdminDoor.personHeader)", value: person) }
        return try await reply(to: call, patience: request.patience)
    }

    /// Entries of the transaction log of the cloud that runs on a data folder, or of its copy of the other's.
    /// - Returns: Nil if no cloud runs there.
    /// - Throws: As ``send(_:data:person:)``.
    package static func log(_ question: LogQuestion, data: String) async throws -> LogReply? {
        guard let call = try self.question(AdminDoor.log, question, data: data) else { return nil }
        return try await reply(to: call, patience: .milliseconds(question.wait + 10_000))
    }

    private static func question(_ path: String, _ body: some Encodable, data: String) throws -> HTTPClientRequest? {
        let file = AdminDoor.file(in: data)
        guard PrivateFile.exists(file) else { return nil }
        let address = try DocumentCoder.decode(AdminDoor.Address.self, from: PrivateFile.read(file))
        var call = HTTPClientRequest(url: "http://127.0.0.1:\(address.port)\(path)")
        call.method = .POST
        call.headers.add(name: "Authorization", value: "Bearer \(address.token)")
        call.headers.add(name: "Content-Type", value: "application/json")
        call.body = .bytes(ByteBuffer(bytes: try DocumentCoder.encode(body)))
        return call
    }

    private static func reply<Reply: Decodable>(to call: HTTPClientRequest, patience: TimeAmount) async throws -> Reply?
    {
        guard let (status, body) = try await exchange(call, patience: patience) else { return nil }
        var sentence: String { String(decoding: body, as: UTF8.self) }
        switch Int(status) {
        case 200: return try DocumentCoder.decode(Reply.self, from: body)
        // Another program has taken the port of a cloud that was killed.
        case 401, 404: return nil
        case AdminDoor.elsewhere: throw StartError(sentence, isElsewhere: true)
        case 500...: throw UnknownOutcome(sentence)
        default: throw StartError(sentence)
        }
    }

    /// - Returns: Nil where nobody listens any more: the file is that of a cloud that was killed.
    private static func exchange(
        _ call: HTTPClientRequest,
        patience: TimeAmount
    ) async throws -> (status: UInt, body: [UInt8])? {
        var configuration = HTTPClient.Configuration()
        // A port that refuses will not open while this command waits.
        configuration.connectionPool.retryConnectionEstablishment = false
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let response: HTTPClientResponse
            do {
                response = try await http.execute(call, timeout: patience)
            } catch let error as IOError where error.errnoCode == ECONNREFUSED {
                try await http.shutdown()
                return nil
            }
            let body = Array(buffer: try await response.body.collect(upTo: 512 << 20))
            try await http.shutdown()
            return (response.status.code, body)
        } catch {
            try? await http.shutdown()
            throw UnknownOutcome("The cloud at \(call.url) was asked and has not answered (\(error)).")
        }
    }
}

extension AdminRequest {
    /// A wallet takes its time for a statement, and a shopper for a payment; everything else is done in a moment.
    fileprivate var patience: TimeAmount {
        switch self {
        case .statement: .minutes(6)
        case .testPayment: .seconds(90)
        default: .seconds(30)
        }
    }
}
