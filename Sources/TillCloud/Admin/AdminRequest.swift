// Part of Tillbridge. See LICENSE.

/// One admin command, as the command line sends it to a running cloud or performs it on a stopped one's database.
package enum AdminRequest: Codable, Sendable {
    case addStore(name: String, code: String?)
    case renameStore(code: String, name: String)
    /// Stores and registers that are not there yet, all of them or none. What is there stays as it is.
    case provision([StorePlan])
    case addRegister(store: String, name: String)
    /// A new one-time code for a register whose device was replaced.
    case newCode(register: String)
    case revokeRegister(id: String)
    /// Switches a register off, or on again: off, it begins no new payment, and ends what it has begun.
    case disableRegister(id: String, disabled: Bool)
    case listRegisters
    /// What this cloud has seen of each register: last contact, program. Both clouds answer, each for itself.
    case standings
    /// `file`: the content of an exported file such as `sandbox.json`. `stores`: a store, a chain, or `*`.
    /// `version`: a protocol version in place of each wallet's first one.
    case addAccounts(file: String, stores: String, live: Bool, unused: Bool = false, version: String? = nil)
    /// All accounts as this cloud uses them: names of credentials, ends of public ids, expiry, circuit, budget.
    case accounts
    /// Asks a wallet about an order number that does not exist: no money moves.
    case testAccount(id: String)
    /// A payment of one fen at a store, by one account, that is undone at once. `code`: the payment code on a phone.
    case testPayment(store: String, account: String, code: String)
    /// `document`: rules and accounts as JSON. Its version is the one that it was made from, or 0 for a document that
    /// was made from none; the cloud gives it the next number.
    case setRouting(document: String, allowGap: Bool = false)
    case showRouting(version: Int?)
    /// `base`: the version that the change was made from.
    case editSignFlags(base: Int, edit: SignFlagEdit, allowGap: Bool = false)
    /// `moment`: milliseconds since 1970 UTC, now without one. `version`: the newest without one.
    case testRouting(code: String, store: String?, moment: Int64? = nil, version: Int? = nil)
    case routingHistory
    /// Registers get the newest routing although the other cloud does not hold it.
    case offerRouting
    case unknownCodes
    case setChain(amountLimit: Int64?, refundLimit: Int64?, enabled: Bool?)
    case addSupervisor(id: String, code: String)
    case refund(number: String, amount: Int64, reference: String, reason: String, person: String)
    case resolve(Resolution)
    case payments(PaymentSearch)
    /// A day's statement, from the wallet. Its rows can be many: they are given in one form only.
    case statement(account: String, day: String, asJSON: Bool)
    /// After a database was restored from a backup or promoted.
    case promote(person: String)

    package struct Resolution: Codable, Sendable {
        package enum Decision: String, Codable, Sendable, CaseIterable {
            /// PAID without CONFIRM: the register took the tender.
            case confirm
            /// PAID without CONFIRM: the money is given back.
            case refund
            /// Not certain yet, or PAID without CONFIRM, and the register is silent: the payment is undone. One person's
            /// order.
            case revoke
            /// STUCK: the sale stands after all.
            case keep
            /// STUCK: the money is back.
            case solved
            /// Ask the wallet, or try again, now.
            case ask
            /// This cloud executes the refunds from now on.
            case adopt
        }

        package var number: String
        package var decision: Decision
        package var first: String
        package var second: String
        package var evidence: String

        package init(number: String, decision: Decision, first: String, second: String, evidence: String) {
            self.number = number
            self.decision = decision
            self.first = first
            self.second = second
            self.evidence = evidence
        }
    }

    /// A store as it should be.
    package struct StorePlan: Codable, Equatable, Sendable {
        /// Nil for a new store with any free code.
        package var code: String?
        package var name: String
        /// The names of its registers. One that the store has already, and that was not revoked, is not added again.
        package var registers: [String]

        package init(code: String?, name: String, registers: [String]) {
            self.code = code
            self.name = name
            self.registers = registers
        }
    }

    package struct PaymentSearch: Codable, Sendable {
        package var text: String?
        package var store: String?
        package var register: String?
        package var queuedOnly = false
        package var limit = 50

        package init() {}
    }
}

/// What a command says: a text for people, and one JSON object for scripts.
package struct AdminReply: Codable, Equatable, Sendable {
    package var text: String
    package var json: String
}
