// Part of Tillbridge. See LICENSE.
import Synchronization
import TillDomain
import TillWallets

/// What is being fetched.
enum StatementDownload {
    case none
    case running(WalletConnection)
    /// The cloud is about to end.
    case stopped
}

/// What came of the request for a statement, where nothing went wrong.
enum StatementResult {
    case statement(Statement)
    case noTrades(code: String)
}

extension WalletDesk {
    /// A file, with room for what is not packed.
    private static let fileLimit = 128 << 20

    /// Fetches and reads the statement of an account. It has connections of its own, which payments never wait for.
    ///
    /// - Throws: ``StartError`` with the reason in one sentence.
    @concurrent
    func statement(of id: String, day: StatementDay) async throws(StartError) -> StatementResult {
        guard let account = open(id) else {
            throw StartError("Account \(id) cannot be used at this cloud: see its log, or add the account again.")
        }
        let connection = try WalletConnection(account.transport, account: id)
        let isAlone = statement.withLock { state in
            guard case .none = state else { return false }
            state = .running(connection)
            return true
        }
        guard isAlone else {
            await connection.shutdown()
            throw StartError("A statement is being fetched already: try again when it has come.")
        }
        let reading: StatementReading
        do throws(StartError) {
            reading = try await read(account.account.adapter.statements, account, day, over: connection)
        } catch {
            await finish(connection)
            throw error
        }
        await finish(connection)
        return try result(reading, of: id, day: day)
    }

    private func finish(_ connection: WalletConnection) async {
        statement.withLock { if case .running = $0 { $0 = .none } }
        await connection.shutdown()
    }

    /// Ends what is on its way, and lets nothing begin any more.
    func stopStatement() {
        let running = statement.withLock { state -> WalletConnection? in
            defer { state = .stopped }
            return if case .running(let connection) = state { connection } else { nil }
        }
        running?.abort()
    }

    private func read(
        _ source: any StatementSource,
        _ account: OpenAccount,
        _ day: StatementDay,
        over connection: WalletConnection
    ) async throws(StartError) -> StatementReading {
        var request: StatementRequest
        do throws(WalletError) {
            request = try source.request(for: day, at: clock.now(), message: .random)
        } catch {
            throw StartError("Account \(account.id): the request for the statement of \(day) cannot be made.")
        }
        // An answer leads to the file, and the file to nothing.
        for _ in 0..<2 {
            let base = request.baseURL ?? account.account.baseURL(for: request.request)
            let answer: WalletConnection.Answer
            do throws(WalletSilence) {
                answer = try await connection.send(
                    WalletConnection.Request(
                        method: request.request.method,
                        url: base + request.request.target,
                        headers: request.request.headers,
                        body: request.request.body,
                        timeout: .milliseconds(times.scaled(request.request.readTimeout)),
                        answerLimit: WalletDesk.fileLimit
                    )
                )
            } catch {
                throw StartError(
                    "Account \(account.id): the wallet gave no whole answer to the request for the statement of \(day): "
                        + "try again later."
                )
            }
            var response = answer.response
            response.receivedAt = clock.now()
            let reading = source.read(response, of: request.step, message: .random)
            guard case .next(let next) = reading else { return reading }
            request = next
        }
        throw StartError("Account \(account.id): the wallet sends from one address to the next: call the developers.")
    }

    private func result(
        _ reading: StatementReading,
        of id: String,
        day: StatementDay
    ) throws(StartError) -> StatementResult {
        switch reading {
        case .file(let statement): return .statement(statement)
        case .noTrades(let code): return .noTrades(code: code)
        case .notYet(let code):
            throw StartError(
                "Account \(id): the wallet has no statement of \(day) yet (\(code)): ask again later; it is made on the "
                    + "next morning, until about ten o'clock in China."
            )
        case .failed(.code(let code)):
            throw StartError("Account \(id): the wallet refuses the statement of \(day): \(code).")
        case .failed(.badSignature):
            throw StartError("Account \(id): what the wallet answered is not signed by it: check the account's keys.")
        case .failed(.unreadable(.malformed(let reason))):
            throw StartError("Account \(id): the statement of \(day) cannot be read: \(reason).")
        case .failed(.unreadable(.tooLarge)):
            throw StartError("Account \(id): the statement of \(day) is larger than any that this version reads.")
        case .failed(.notSigned), .next:
            throw StartError("Account \(id): the request for the statement of \(day) cannot be signed.")
        }
    }
}

extension MessageID {
    static var random: MessageID { MessageID(.random(in: .min ... .max), .random(in: .min ... .max)) }
}
