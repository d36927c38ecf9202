// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine

@Suite("Cloud: the one pay call")
struct CloudPayTests {
    @Test("the claim is stored before anything is sent, and pay is sent once")
    func claim() {
        var drive = CloudDrive()
        drive.pay()
        #expect(drive.state == .sending)
        guard case .commit(let commit) = drive.effects.first else {
            Issue.record("the commit is not first")
            return
        }
        #expect(commit.from == .none && commit.to == .sending)
        #expect(commit.before == CloudSample.start + 8_000)
        #expect(drive.effects.answer == .payment(.pending(.wallet)))
        #expect(drive.effects.payCall?.deadline == CloudSample.start + 8_000)
        drive.pay()
        #expect(drive.effects == [.answer(.payment(.pending(.wallet)), mayHold: true)])
    }

    @Test("the last clock check says yes once, and only before D")
    func lastClockCheck() throws {
        var drive = CloudDrive()
        drive.pay()
        var call = try #require(drive.effects.payCall)
        var late = call
        let first = call.mayWrite(at: CloudSample.start + 7_999)
        let second = call.mayWrite(at: CloudSample.start + 7_999)
        let tooLate = late.mayWrite(at: CloudSample.start + 8_000)
        #expect(first && !second && !tooLate)
    }

    @Test("paid is answered only after the wallet's success was stored, and confirmed by the register's word")
    func paid() {
        var drive = CloudDrive()
        drive.pay()
        drive.handle(.payOutcome(.paid(CloudSample.trade())))
        #expect(drive.state == .paid)
        #expect(drive.effects.commit?.to == .paid)
        drive.query()
        let trade = CloudTrade(transaction: CloudSample.trade().transaction, payer: CloudSample.trade().payer)
        #expect(drive.effects.answer == .payment(.paid(trade)))
        drive.confirm()
        #expect(drive.state == .confirmed && drive.record.confirmedBy == .register)
        #expect(drive.effects.answer == .confirm(.confirmed))
        #expect(drive.record.nextWork == nil)
    }

    @Test("a cloud that is not the paying one promises nothing and stores nothing")
    func notHome() {
        var drive = CloudDrive(home: .b, at: .a)
        drive.pay()
        #expect(drive.state == .none && drive.effects == [.answer(.notHome, mayHold: false)])
    }

    @Test("under load new payments get BUSY without a row")
    func busy() {
        var drive = CloudDrive(context: CloudSample.context(load: .overloaded))
        drive.pay()
        #expect(drive.state == .none && drive.effects == [.answer(.busy, mayHold: false)])
    }

    @Test(
        "a refused pay is a stored promise never to send",
        arguments: [
            (RefusalReason.late, CloudSample.context(), Int64(8_000)),
            (.clock, CloudSample.context(), -5_001),
            (.clock, CloudSample.context(clockTrusted: false), 0),
            (.sequence, CloudSample.context(highest: 7), 0),
            (.walletDark, CloudSample.context(walletOn: false), 0),
            (.overload, CloudSample.context(load: .shedding), 0),
            (.routingUnknown, CloudSample.context(route: .missing), 0),
        ]
    )
    func refused(reason: RefusalReason, context: CloudContext, offset: Int64) {
        var drive = CloudDrive(context: context)
        drive.now = CloudSample.start + offset
        drive.pay()
        #expect(drive.state == .tomb && drive.record.unsent)
        #expect(drive.effects.commit?.to == .tomb)
        #expect(drive.effects.answer == .payment(.refused(reason)))
        drive.context = CloudSample.context()
        drive.now = CloudSample.start
        drive.pay()
        #expect(drive.state == .tomb && drive.effects.payCall == nil)
        #expect(drive.effects.alarms.isEmpty)
    }

    @Test("the last millisecond before D is taken, and a t0 exactly 5 s ahead too")
    func admissionBounds() {
        for offset in [Int64(7_999), -5_000] {
            var drive = CloudDrive()
            drive.now = CloudSample.start + offset
            drive.pay()
            #expect(drive.state == .sending)
        }
    }

    @Test("a code of no wallet is declined at once, and its undo needs no wallet")
    func unsupported() {
        var drive = CloudDrive(context: CloudSample.context(route: .noWallet))
        drive.pay()
        #expect(drive.state == .declined && drive.record.unsent)
        #expect(drive.effects.answer == .payment(.declined(.unsupportedCode)))
        drive.revoke(.hygiene)
        #expect(drive.effects.answer == .undo(.revoked(.unsent)))
        var other = CloudDrive(home: .a, at: .b, context: CloudSample.context(.b, route: .noWallet))
        other.revoke(.hygiene)
        #expect(other.effects.answer == .undo(.revoked(.neverExisted)))
    }

    @Test("after a promotion a missing row proves nothing: never refused as unsent, never sent")
    func promoted() {
        for margin in [Int64(0), 5_500] {
            var drive = CloudDrive(context: CloudSample.context(promoted: CloudSample.start + -margin))
            drive.pay()
            #expect(drive.state == .tomb && !drive.record.unsent)
            #expect(drive.effects.answer == .payment(.revoking) && drive.effects.payCall == nil)
            drive.revoke()
            #expect(!drive.record.unsent)
        }
        var later = CloudDrive(context: CloudSample.context(promoted: CloudSample.start + -5_501))
        later.pay()
        #expect(later.state == .sending)
    }

    @Test("provably unwritten is a tombstone that proves it")
    func unwritten() {
        for (event, reason) in [
            (CloudEvent.payUnwritten(.late), RefusalReason.late), (.payUnwritten(.noConnection), .walletDark),
            (.payOutcome(.unknown(.neverLeft)), .walletDark),
        ] {
            var drive = CloudDrive()
            drive.pay()
            drive.handle(event)
            #expect(drive.state == .tomb && drive.record.unsent)
            drive.query()
            #expect(drive.effects.answer == .payment(.refused(reason)))
        }
    }

    @Test("a payment found half sent is never sent again", arguments: [CloudEvent.restart, .due])
    func restart(event: CloudEvent) {
        var drive = CloudDrive()
        drive.pay()
        drive.handle(event)
        #expect(drive.state == .unknown && drive.effects.payCall == nil && !drive.record.unsent)
        drive.pay()
        #expect(drive.state == .unknown && drive.effects.payCall == nil)
        drive.due()
        #expect(drive.effects.query?.purpose == .poll)
    }

    @Test("a definite error code declines only after a query that was asked later")
    func decline() {
        var drive = CloudDrive()
        drive.pay()
        drive.wait(500)
        let early = CloudQuery(purpose: .poll, askedAt: drive.now + -1)
        drive.handle(.payOutcome(.declined(.insufficientFunds)))
        #expect(drive.state == .unknown && drive.record.unsent)
        #expect(drive.effects.query?.purpose == .poll)
        let asked = drive.effects
        drive.handle(.queryOutcome(.notFound, early))
        #expect(drive.state == .unknown)
        drive.effects = asked
        drive.queryAnswers(.notFound)
        #expect(drive.state == .declined)
        drive.query()
        #expect(drive.effects.answer == .payment(.declined(.insufficientFunds)))
    }

    @Test("a definite error code with the money taken is paid")
    func declinedYetPaid() {
        var drive = CloudDrive()
        drive.pay()
        drive.handle(.payOutcome(.declined(.risk)))
        drive.queryAnswers(.paid(CloudSample.trade()))
        #expect(drive.state == .paid)
    }

    @Test(
        "an unclear answer is asked about and never a decline",
        arguments: [
            UnknownCause.noAnswer, .badSignature, .malformed, .walletUnsure, .unlistedCode, .alreadyUsed,
        ]
    )
    func unclear(cause: UnknownCause) {
        var drive = CloudDrive()
        drive.pay()
        drive.wait(10_000)
        drive.handle(.payOutcome(.unknown(cause)))
        #expect(drive.state == .unknown && !drive.record.unsent)
        for outcome in [QueryOutcome.notFound, .open, .payError, .unknown(.noAnswer), .unknown(.unlistedCode)] {
            drive.due()
            drive.queryAnswers(outcome)
            #expect(drive.state == .unknown)
        }
        drive.wait(until: CloudSample.start + 125_499)
        drive.due()
        let before = drive.now < CloudSample.start + 125_500
        drive.queryAnswers(.notFound)
        #expect(before ? drive.state == .unknown : drive.state == .declined)
        drive.wait(until: CloudSample.start + 125_500)
        drive.queryAnswers(.notFound, .poll)
        #expect(drive.state == .declined)
    }

    @Test("a trade with other data is a conflict, never paid and never undone unasked")
    func conflict() {
        for trade in [CloudSample.foreignTrade, CloudSample.differentTrade] {
            var drive = CloudDrive()
            drive.pay()
            drive.handle(.payOutcome(.paid(trade)))
            #expect(drive.state == .unknown && drive.record.conflictSeen)
            #expect(drive.effects.alarms.count == 1 && !drive.effects.cancels && drive.effects.refund == nil)
            drive.query()
            #expect(drive.effects.answer == .payment(.conflict))
        }
    }

    @Test("a wallet that echoes no nonce is judged by number and amount")
    func noNonce() {
        var drive = CloudDrive()
        drive.pay()
        drive.handle(.payOutcome(.paid(CloudSample.trade(nonce: .some(nil)))))
        #expect(drive.state == .paid)
    }

    @Test("waiting for the shopper is shown, and asked about at the wallet's cadence")
    func waiting() {
        var drive = CloudDrive(context: CloudSample.context(route: .wallet(.weChatPay, .weChatPay)))
        drive.pay()
        drive.wait(400)
        drive.handle(.payOutcome(.waitingForShopper))
        #expect(drive.payment.paymentAnswer == .pending(.shopper))
        #expect(drive.record.dueAt == CloudSample.start + 5_100)
        drive.query()
        #expect(drive.effects.query == nil)
        drive.due()
        #expect(drive.effects.query?.purpose == .poll)
        drive.queryAnswers(.open)
        let next = drive.record.dueAt.map { $0 - drive.now } ?? 0
        #expect((4_500...5_000).contains(next))
        drive.query()
        #expect(drive.effects.query == nil)
        drive.wait(5_000)
        drive.query()
        #expect(drive.effects.query?.purpose == .poll)
        drive.query()
        #expect(drive.effects.query == nil)
    }

    @Test("the same number with other data never reaches a wallet")
    func otherData() {
        for intent in [CloudSample.intent(amount: Money(fen: 1)), CloudSample.intent(sale: "T2")] {
            var drive = CloudDrive()
            drive.pay()
            drive.handle(.payOutcome(.paid(CloudSample.trade())))
            let stored = drive.record
            drive.handle(.pay(intent, home: .a))
            #expect(drive.effects == [.answer(.payment(.conflict), mayHold: false), .alarm(.otherData)])
            drive.handle(.query(intent, home: .a))
            #expect(drive.effects.answer == .payment(.conflict))
            drive.handle(.revoke(intent, home: .a, .timeout))
            #expect(drive.effects.answer == .undo(.stuck(.conflict)))
            drive.handle(.confirm(intent, home: .a, implied: false))
            #expect(drive.effects.answer == .nothing)
            #expect(drive.record == stored)
        }
        var drive = CloudDrive()
        drive.pay()
        drive.handle(.query(drive.intent, home: .b))
        #expect(drive.effects.answer == .payment(.conflict))
    }

    @Test("a cloud without a record tells what the wallet says and stores nothing")
    func tell() {
        for (outcome, told) in [
            (QueryOutcome.open, CloudPaymentAnswer.pending(.shopper)), (.notFound, .unknown), (.payError, .unknown),
            (.closed, .unknown), (.unknown(.noAnswer), .unknown), (.paid(CloudSample.foreignTrade), .conflict),
            (.paid(CloudSample.differentTrade), .conflict),
            (
                .paid(CloudSample.trade()),
                .paid(CloudTrade(transaction: CloudSample.trade().transaction, payer: CloudSample.trade().payer))
            ),
        ] {
            var drive = CloudDrive(home: .a, at: .b)
            drive.query()
            #expect(drive.effects.answer == .payment(.unknown) && drive.effects.query?.purpose == .tell)
            drive.queryAnswers(outcome)
            #expect(drive.effects.told == told)
            #expect(drive.state == .none && drive.effects.commit == nil)
        }
    }
}
