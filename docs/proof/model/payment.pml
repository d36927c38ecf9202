/* Part of Tillbridge. See LICENSE.
 *
 * One order number: register and plug-in with a journal, two clouds with one row each, a wallet that is late, forgets
 * answers and hides what it did, and a network that loses, repeats and reorders. Cloud A pays.
 *
 * What plug-in and clouds decide is not written here: tables.pml is made from tables.txt, which is held against the
 * program's own tables. Here are the world around them and what the tables' words mean in it: G_ a guard, A_ an action.
 *
 * Time is four phases that only advance. All runs end: messages are facts that stay ("was sent"), repeating one that
 * changes nothing is possible before the last phase only, and a wallet is asked again only after something changed.
 */
#define BEFORE_D 0
#define BEFORE_F 1  /* the plug-in decides somewhere in here */
#define AFTER_F  2
#define LATER    3  /* F + 5 s has passed: queries are truthful, nothing found proves something */

#define A 0
#define B 1

/* The trade at the wallet. */
#define W_NONE      0
#define W_OPEN      1  /* the shopper is typing a password */
#define W_PAID      2
#define W_FAILED    3
#define W_CLOSED    4
#define W_RETURNING 5  /* on its way back: still held */
#define W_RETURNED  6

/* The one pay call. */
#define PAY_NONE    0
#define PAY_CLAIMED 1  /* the right to send is committed, nothing is written */
#define PAY_WIRE    2
#define PAY_DONE    3  /* executed; the reply is on its way */
#define PAY_OVER    4

/* Phases of an undo, as UndoPhase. */
#define U_IDLE     0
#define U_EARLY    1
#define U_LOOK     2
#define U_CANCEL   3
#define U_VERIFY   4
#define U_REFUND   5
#define U_FOLLOW   6
#define U_SLEEPING 7

/* The call to the wallet that a row has out. Those up to Q_WATCH are queries. */
#define Q_NONE    0
#define Q_LOOK    1
#define Q_VERIFY  2
#define Q_POLL    3
#define Q_TELL    4
#define Q_CONFIRM 5
#define Q_WATCH   6
#define Q_CANCEL  7
#define Q_REFUND  8
#define Q_FOLLOW  9

/* What a query says, a pay call, a cancel, a refund, a look at a refund. */
#define R_NOTHING   0
#define R_PAID      1
#define R_OPEN      2
#define R_NOTFOUND  3
#define R_PAYERROR  4
#define R_CLOSED    5
#define R_RETURNING 6
#define R_UNKNOWN   7
#define R_DECLINED  8
#define R_REFUNDED  9
#define R_REFUSED   10
#define R_ACCEPTED  11
#define R_DONE      12
#define R_FAILED    13

/* What was asked of a cloud. */
#define ASK_PAY     1
#define ASK_QUERY   2
#define ASK_REVOKE  3
#define ASK_CONFIRM 4

/* A promise's name is a variable that is always 0, so that the checker prints it when the promise breaks. */
hidden byte S1_agreement, S4_write_ahead, S5_one_way_door, S8_undone_once, S9_no_undo_after_hand_over, S12_one_payer;
hidden byte E1_plugin_final, E2_no_open_row, E3_confirm_everywhere, E4_no_money_without_sale;
#define CHECK(name, promise) assert((promise) || name)

/* ---- state ---- */

unsigned phase : 2;

/* Plug-in: p in memory, j on disk. */
unsigned p : 4;
unsigned j : 4;
bit ours = 1;        /* the process that began it: it holds the code */
bit everLeft;        /* a byte of PAY may have left */
bit owing;           /* REVOKE or CONFIRM goes to both clouds */
unsigned reattach : 2;  /* after a restart: 1 waits for the register, 2 it came */

/* The network: what was ever said stays deliverable. */
unsigned pay : 2;    /* PAY: 1 wanted, 2 sent, 3 lost with all its copies */
bit saidPaid, saidDeclined, saidRefused, saidRevoking, saidFinal;

/* Clouds. */
byte st[2];
byte step[2];        /* phase of the undo */
byte cancelled[2];   /* what the last cancel said: R_ */
bit trade[2];        /* the money was seen */
bit unsent;          /* A's row promises that A never sends, or never again */
bit candidate;       /* A has a definite error code */
bit dead[2];
bit dirty[2] = 1;    /* something has changed since this row last looked at the wallet */
byte call[2];
byte result[2];
bit askedLater[2];   /* the call was made after F + 5 s */
bit askedOld;        /* A's call was made before `unsent` was known */
bit revokedRow[2];   /* a revoke is durable here */

unsigned busy : 2;   /* 1 + the cloud whose query is answered in this very moment */

/* The pay call and the wallet. */
unsigned wire : 3;
bit caller = 1;      /* A's process that claimed still runs */
unsigned payResult : 4;
bit admittedLate;    /* only a planted bug admits after D */
unsigned w : 3;
bit visible;
unsigned refundNumber : 2;  /* n-R00: 0 unknown, 1 under way, 2 done, 3 failed */
unsigned returned : 2;

/* Faults left. What leaves no trace (a lost answer, a restart) needs no counting: it is free until the last phase. */
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef ROLLBACKS
#define ROLLBACKS 1
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
bit pluginCrash = CRASHES;  /* while it is undecided */
bit lateLoss = 1;           /* one more lost answer in the last phase */
bit refundFault = 1;
bit rollback = ROLLBACKS;
bit death = DEATHS;
unsigned rolledBack : 2;    /* 1 + the cloud */
bit forgiven;               /* the rolled-back cloud had already answered for good */
#ifdef M_NO_MARGIN
bit promotedEarly;          /* within the margin of t0 */
#endif

/* One event's circumstances; not part of the state. */
hidden byte asked, got, purpose, sent;
hidden byte late, old, shed;

#include "states.pml"

/* An answer to PAY or QUERY is heard while the plug-in has not decided. */
#define CARES (p == L_intent)
#define KEPT  0
#ifdef M_LATE_SUCCESS
#undef CARES
#undef KEPT
#define CARES (p == L_intent || p == L_revoke)
#define KEPT  saidPaid
#endif

/* ---- planted bugs, one at a time ---- */

#ifdef M_SEND_BEFORE_JOURNAL
#define EARLY (p == L_intent)
#endif
#ifdef M_TOLD_BEFORE_DURABLE
#define EARLY (p == L_paid)
#endif
#ifndef EARLY
#define EARLY 0
#endif

/* ---- money ---- */

#define C(c) st[c]
#define HELD (w == W_PAID || w == W_RETURNING)

inline MONEY() {
    CHECK(S1_agreement, !(j == L_paid || j == L_acked) || w == W_PAID);
    CHECK(S1_agreement, !(j == L_declined || j == L_unsent || j == L_final) || !HELD);
    CHECK(S8_undone_once, returned <= 1)
}

/* Something has changed that a row's work may show. Rows that have no such work take no notice. */
#define LOOKS(c) \
    (C(c) == C_unknown || C(c) == C_stuck || \
     C(c) == C_revoking && step[c] != U_EARLY && (step[c] != U_SLEEPING || phase == LATER))
inline CHANGED() { dirty[A] = dirty[A] || LOOKS(A); dirty[B] = dirty[B] || LOOKS(B) }

/* ---- the words of the plug-in's table ---- */

#define P(i) p
#define G_lane_admissible(i)             1
#define G_lane_supervisor(i)             1
#define G_lane_releasable(i)             0  /* the lane's model releases */
#define G_lane_equalAndBeforeDecision(i) (phase <= BEFORE_F)
#define G_lane_beforeDecision(i)         (phase <= BEFORE_F)
#define G_lane_fromPayingCloud(i)        1
#define G_lane_provablyUnwritten(i)      (ours && !everLeft)
#define G_lane_beforePayDeadline(i)      (ours && phase == BEFORE_D)
#define G_lane_reattached(i)             (reattach == 2)

inline ENTER_lane(i, next) {
    CHECK(S9_no_undo_after_hand_over, !(j == L_acked && next == L_revoke));
    p = next;
    if
    :: next != L_intent ->
        if :: pay == 1 -> pay = 0 :: else fi;
        ours = 0;
        everLeft = 0;
        reattach = 0;
        pluginCrash = 0;
        if :: next != L_revoke -> saidFinal = 0 :: else fi;
        saidPaid = KEPT;
        saidDeclined = 0;
        saidRefused = 0;
        saidRevoking = 0
    :: else
    fi
}
inline A_lane_journal(i) {
    if
    :: EARLY -> skip
    :: else -> j = p; MONEY()
    fi
}
inline A_lane_journalClosed(i) { skip }
inline A_lane_close(i) { skip }
inline A_lane_sendPay(i) {
    CHECK(S4_write_ahead, j == L_intent);
    if :: pay == 0 -> pay = 1 :: else fi
}
#define NOT_PAID (j == L_declined || j == L_unsent || j == L_final)
inline A_lane_sendQuery(i) { skip }
inline A_lane_sendRevoke(i) { CHECK(S4_write_ahead, j == L_revoke); owing = 1 }
inline A_lane_sendConfirm(i) { CHECK(S4_write_ahead, j == L_acked); owing = 1 }
inline A_lane_sendHygiene(i) { CHECK(S4_write_ahead, NOT_PAID); owing = 1 }
/* The register may be told as soon as the record is durable, so the journal stands for what it knows. */
inline A_lane_answerPaid(i) {
    CHECK(S5_one_way_door, j != L_revoke && j != L_final);
    CHECK(S4_write_ahead, j == L_paid || j == L_acked)
}
inline A_lane_answerDeclined(i) { CHECK(S4_write_ahead, NOT_PAID) }
inline A_lane_answerStored(i) { CHECK(S4_write_ahead, NOT_PAID) }
/* Another attempt has another number: the lane's model. Here the register hears that this one is over. */
inline A_lane_trySecondAttempt(i) { CHECK(S4_write_ahead, NOT_PAID) }

/* ---- the words of the clouds' table ---- */

#define UNSAFE(c) (rolledBack == c + 1)
#ifdef M_NO_MARGIN
#undef UNSAFE
#define UNSAFE(c) (rolledBack == c + 1 && !promotedEarly)
#endif
#ifdef M_REFUSED_AFTER_ROLLBACK
#undef UNSAFE
#define UNSAFE(c) 0
#endif

#ifdef M_PAY_VIA_B
#define G_cloud_notHome(c) 0
#else
#define G_cloud_notHome(c) (c != A)
#endif
#ifdef M_NO_DEADLINE
#define G_cloud_pastDeadline(c) 0
#else
#define G_cloud_pastDeadline(c) (phase != BEFORE_D)
#endif
#define G_cloud_promotedSince(c)    UNSAFE(c)
#define G_cloud_notAdmitted(c)      shed
#define G_cloud_forConfirm(c)       (purpose == Q_CONFIRM)
#define G_cloud_unproven(c)         (C(c) == C_confirmed && !trade[c])
#define G_cloud_stale(c) \
    (C(c) == C_revoked && purpose != Q_WATCH || \
     C(c) != C_revoked && (purpose == Q_LOOK -> step[c] != U_LOOK : \
                          (purpose == Q_VERIFY -> step[c] != U_VERIFY : \
                          (purpose == Q_CANCEL -> step[c] != U_CANCEL : \
                          (purpose == Q_REFUND -> step[c] != U_REFUND : \
                          (purpose == Q_FOLLOW -> step[c] != U_FOLLOW : 1))))))
#define G_cloud_declineAgreed(c)    (c == A && candidate && !old)
#ifdef M_NOTHING_FOUND_FINAL
#define G_cloud_absenceProven(c)    1
#else
#define G_cloud_absenceProven(c)    late
#endif
#define G_cloud_verifying(c)        (step[c] == U_VERIFY)
#define G_cloud_sleeping(c)         (step[c] == U_SLEEPING)
#define G_cloud_unsentProof(c)      (c == A && unsent && !old)
#define G_cloud_unsentSinceQuery(c) (c == A && unsent && old)
#define G_cloud_canProveUnsent(c)   (c == A && (unsent || !UNSAFE(c)))
#define G_cloud_cancelRefused(c)    (cancelled[c] == R_REFUSED)
#define G_cloud_cancelDone(c)       (cancelled[c] == R_CLOSED || cancelled[c] == R_REFUNDED)

inline ENTER_cloud(c, next) {
    CHECK(S9_no_undo_after_hand_over, !(C(c) == C_confirmed && next == C_revoking));
    C(c) = next;
    if :: next != C_revoking && next != C_stuck -> step[c] = U_IDLE :: else fi;
    if :: next == C_revoking -> revokedRow[c] = 1 :: else fi;
    dirty[c] = LOOKS(c)
}

/* What PAY and QUERY are answered. */
inline SAY_PAYMENT(c) {
    if
    :: C(c) == C_none || C(c) == C_sending || C(c) == C_unknown || C(c) == C_confirmed && !trade[c] ->
        skip
    :: C(c) == C_paid || C(c) == C_confirmed && trade[c] ->
        CHECK(S5_one_way_door, !revokedRow[c]);
        saidPaid = CARES
    :: C(c) == C_declined -> saidDeclined = CARES
    :: C(c) == C_tomb && c == A && unsent -> saidRefused = CARES
    :: C(c) == C_tomb && !(c == A && unsent) || C(c) == C_revoking || C(c) == C_stuck || C(c) == C_revoked ->
        saidRevoking = CARES
    fi
}
#define PAYMENT_NEWS(c) \
    ((C(c) == C_paid || C(c) == C_confirmed && trade[c]) && !saidPaid || \
     C(c) == C_declined && !saidDeclined || C(c) == C_tomb && c == A && unsent && !saidRefused || \
     (C(c) == C_tomb && !(c == A && unsent) || C(c) == C_revoking || C(c) == C_stuck || C(c) == C_revoked) && \
     !saidRevoking)

/* What REVOKE is answered: of DUTY and PENDING the lane's model knows more. */
inline SAY_UNDO(c) { if :: C(c) == C_revoked -> saidFinal = (p == L_revoke) :: else fi }
#define UNDO_NEWS(c) (C(c) == C_revoked && p == L_revoke && !saidFinal)

inline A_cloud_answer(c) {
    if
    :: asked == ASK_PAY || asked == ASK_QUERY -> SAY_PAYMENT(c)
    :: asked == ASK_REVOKE -> SAY_UNDO(c)
    :: asked == ASK_CONFIRM -> skip
    fi
}
inline A_cloud_tell(c) { if :: got == R_PAID -> saidPaid = CARES :: else fi }

inline A_cloud_claim(c) {
    CHECK(S12_one_payer, wire == PAY_NONE);
    caller = 1;
    admittedLate = phase != BEFORE_D
}
inline A_cloud_pay(c) { wire = PAY_CLAIMED }
inline A_cloud_refuse(c) { unsent = 1 }
inline A_cloud_recordTrade(c) {
    if :: C(c) == C_paid || C(c) == C_confirmed -> trade[c] = 1; UNPROVEN(c) :: else fi
}
/* What was proved about the pay call matters no more. */
inline UNPROVEN(c) { if :: c == A -> unsent = 0; candidate = 0 :: else fi }
inline A_cloud_storeCandidate(c) { candidate = 1; unsent = 1; askedOld = 1; dirty[c] = 1 }

/* A query is asked and executed at once; its answer comes later, or never. */
inline ASK(c, why) {
    call[c] = why;
    askedLater[c] = phase == LATER;
    if :: c == A -> askedOld = 0 :: else fi;
    if
    :: w == W_NONE || !visible && phase != LATER -> result[c] = R_NOTFOUND
    :: else ->
        if
        :: w == W_OPEN -> result[c] = R_OPEN
        :: w == W_PAID -> result[c] = R_PAID
        :: w == W_FAILED -> result[c] = R_PAYERROR
        :: w == W_RETURNING -> result[c] = R_RETURNING
        :: w == W_CLOSED || w == W_RETURNED -> result[c] = R_CLOSED
        fi
    fi
}
/* Where nothing can come between question and answer that matters, the answer is there at once. */
inline NOW(c) { busy = c + 1; dirty[c] = 0 }
inline A_cloud_askPoll(c) { if :: c == B -> NOW(c) :: else -> dirty[c] = 0 fi; ASK(c, Q_POLL) }
inline A_cloud_askTell(c) { NOW(c); ASK(c, Q_TELL) }
inline A_cloud_askConfirm(c) { NOW(c); ASK(c, Q_CONFIRM) }
inline A_cloud_askWatch(c) { NOW(c); ASK(c, Q_WATCH) }

inline CALL(c, undoStep) {
    step[c] = undoStep;
    if
    :: undoStep == U_LOOK -> NOW(c); ASK(c, Q_LOOK)
    :: undoStep == U_VERIFY -> if :: c == B -> busy = c + 1 :: else fi; ASK(c, Q_VERIFY)
    :: undoStep == U_CANCEL -> cancelled[c] = 0; call[c] = Q_CANCEL; result[c] = 0
    :: undoStep == U_REFUND -> call[c] = Q_REFUND; result[c] = 0
    :: undoStep == U_FOLLOW ->
        NOW(c);
        call[c] = Q_FOLLOW;
        if
        :: refundNumber == 0 -> result[c] = R_NOTFOUND
        :: refundNumber == 1 -> result[c] = R_OPEN
        :: refundNumber == 2 -> result[c] = R_DONE
        :: refundNumber == 3 -> result[c] = R_FAILED
        fi
    fi
}
inline A_cloud_beginUndo(c) {
    cancelled[c] = 0;
    trade[c] = 0;
    dirty[c] = 0;
    if :: c == A -> candidate = 0 :: else fi;
    /* What was asked before says nothing any more; only a row that was rolled back hears of it. */
    if :: rolledBack != c + 1 -> busy = 0; call[c] = Q_NONE; result[c] = 0; askedLater[c] = 0 :: else fi;
    /* B's wait for the earliest reversal is as good as a revoke on its way. */
    if :: c == A || call[c] != Q_NONE -> step[c] = U_EARLY :: else -> CALL(c, U_LOOK) fi
}
inline A_cloud_reopenUndo(c) { cancelled[c] = 0 }
inline A_cloud_proveUnsent(c) { unsent = 1; askedOld = 1; dirty[c] = 1 }
inline A_cloud_continueUndo(c) {
    if
    :: step[c] == U_IDLE || step[c] == U_EARLY || step[c] == U_SLEEPING || step[c] == U_CANCEL -> CALL(c, U_LOOK)
    :: step[c] == U_VERIFY -> dirty[c] = 0; CALL(c, U_VERIFY)
    :: else -> CALL(c, step[c])
    fi
}
inline A_cloud_callCancel(c) { CALL(c, U_CANCEL) }
inline A_cloud_callVerify(c) { CALL(c, U_VERIFY) }
inline A_cloud_callRefund(c) { CALL(c, U_REFUND) }
inline A_cloud_callFollow(c) { CALL(c, U_FOLLOW) }
inline A_cloud_noteCancel(c) { cancelled[c] = got }
inline A_cloud_noteAccepted(c) { step[c] = U_FOLLOW }
inline A_cloud_forgetAccepted(c) { step[c] = U_REFUND; dirty[c] = 1 }
inline A_cloud_forgetRefund(c) { dirty[c] = 1 }
/* Cancel and query did not agree: something has changed in between, and the next round sees it. */
inline A_cloud_lookAgainLater(c) { step[c] = U_LOOK; dirty[c] = 1 }
inline A_cloud_lookAgain(c) { CALL(c, U_LOOK) }
inline A_cloud_sleepUntilProof(c) { step[c] = U_SLEEPING; dirty[c] = phase == LATER }
inline FINISH(c) { cancelled[c] = 0; trade[c] = 0; step[c] = U_IDLE; UNPROVEN(c) }
inline A_cloud_finishUnsent(c) { FINISH(c) }
inline A_cloud_finishNeverExisted(c) { FINISH(c) }
inline A_cloud_finishClosed(c) { FINISH(c) }
inline A_cloud_finishRefunded(c) { FINISH(c) }
inline A_cloud_stick(c) { A_cloud_retryHourly(c); dirty[c] = 1 }
inline A_cloud_retryHourly(c) { step[c] = U_LOOK; cancelled[c] = 0 }

#include "tables.pml"

/* ---- the plug-in ---- */

/* Power fails, and the journal is read again. */
inline RESTART() {
    pluginCrash = 0;
    p = j;
    ours = 0;
    everLeft = 0;
    owing = 0;
    if :: pay == 1 -> pay = 0 :: else fi;
    saidFinal = 0;
    if :: j == L_intent -> reattach = 1 :: else -> reattach = 0 fi;
    LANE_restart(0)
}

/* Power may fail between any two events. What a row sends and answers is checked against the disk when it does so, so a
 * failure inside a row is one of these. Once the plug-in has decided, a restart loses nothing: they are not counted. */
#define MAY_CRASH (p != L_free && (pluginCrash || p != L_intent && phase < LATER))
#define EVENT(condition, event) :: d_step { (condition) -> event; if :: EARLY -> j = p :: else fi }

/* One that changes nothing: possible until the last phase, so that runs end. */
#define IDLE(condition, event) \
    :: d_step { (condition) && phase < LATER -> event }

active proctype Plugin() provided (busy == 0) {
end:
    do
    EVENT(p == L_free && phase == BEFORE_D, LANE_payNew(0))
    EVENT(pay == 1, pay = 0; LANE_neverLeft(0))
    :: d_step { pay == 1 -> pay = 2; everLeft = 1 }
    :: d_step { pay == 2 -> pay = 3 }
    IDLE(p == L_intent && pay >= 2, LANE_neverLeft(0); LANE_transportError(0))
    IDLE(p == L_intent, LANE_pendingReply(0); LANE_unknownReply(0); LANE_paySameSale(0))
    :: d_step { p == L_intent && reattach == 1 -> reattach = 2; LANE_status(0) }
    EVENT(p == L_intent && reattach == 1, LANE_reattachWindowOver(0))
    IDLE(p == L_intent && reattach == 2, LANE_reattachWindowOver(0))
    EVENT(p == L_intent && phase >= BEFORE_F, LANE_decisionTime(0))
    EVENT(p == L_intent, LANE_cancel(0))

    EVENT(saidPaid && MOVES_lane_paidReply(0), LANE_paidReply(0))
    EVENT(saidDeclined && MOVES_lane_declinedReply(0), LANE_declinedReply(0))
    EVENT(saidRefused && MOVES_lane_refusedReply(0), LANE_refusedReply(0))
    EVENT(saidRevoking && MOVES_lane_revokingReply(0), LANE_revokingReply(0))

    IDLE(p != L_free && p != L_intent, LANE_status(0); LANE_paySameSale(0); LANE_cancel(0))
    EVENT(p == L_paid, LANE_acknowledge(0))
    EVENT(p == L_paid, LANE_implicitAcknowledgement(0))
    EVENT(p == L_paid, LANE_disown(0))
    EVENT(p == L_paid, LANE_release(0))
    IDLE(p != L_free && p != L_intent && p != L_paid, LANE_acknowledge(0); LANE_disown(0))

    EVENT(saidFinal && MOVES_lane_undoFinal(0), LANE_undoFinal(0))
    IDLE(p == L_revoke, LANE_neverLeft(0); LANE_transportError(0))
    IDLE((p == L_declined || p == L_final) && C(A) == C_revoked && C(B) == C_revoked, LANE_finalByBoth(0))
    IDLE(p == L_acked && C(A) == C_confirmed && C(B) == C_confirmed, LANE_confirmedByBoth(0))

    :: d_step { MAY_CRASH -> RESTART() }

#ifdef M_LATE_SUCCESS
    :: d_step { saidPaid && p == L_revoke -> p = L_paid; A_lane_answerPaid(0); j = p }
#endif
#ifdef M_NO_RECORD_DECLINED
    :: d_step { p == L_intent && !dead[B] && C(B) == C_none -> p = L_declined; j = p; owing = 1; MONEY() }
#endif
    od
}

/* ---- the clouds ---- */

/* A completion is taken off the wire, with what it says and when it was asked. */
inline TAKE(c) {
    purpose = call[c];
    got = result[c];
    late = askedLater[c];
    old = (c == A && askedOld);
    call[c] = Q_NONE;
    result[c] = 0;
    askedLater[c] = 0;
    busy = 0
}
inline SETTLE() { purpose = 0; got = 0; late = 0; old = 0; asked = 0 }

#define IS_QUERY(c) (call[c] >= Q_LOOK && call[c] <= Q_WATCH)

/* Whether the row's own work may show something new. */
#define SHOWS_PAID (w == W_PAID && (visible || phase == LATER))
#define WORKS(c) \
    (C(c) == C_revoking && step[c] == U_EARLY || dirty[c] && LOOKS(c) || \
     C(c) == C_confirmed && !trade[c] && (phase < LATER || w == W_PAID) || \
     C(c) == C_tomb && phase == AFTER_F || \
     (C(c) == C_declined || C(c) == C_revoked) && (phase == AFTER_F || phase == LATER && w == W_PAID))
#define OWES_REVOKE \
    (owing && (p == L_revoke || p == L_declined || p == L_final))

#ifdef M_NO_ROW_LOCK
bit halfClaim;
#endif

#ifdef M_UNKNOWN_DECLINED
#define UNCLEAR(c) CLOUD_payDeclined(c)
#else
#define UNCLEAR(c) CLOUD_payUnknown(c)
#endif

#ifdef M_NO_TOMBSTONE
#define LEAVES_NOTHING(c) (c == A && C(c) == C_none && !UNSAFE(c))
#else
#define LEAVES_NOTHING(c) 0
#endif

inline FORGET(c) {
    busy = 0;
    call[c] = Q_NONE;
    result[c] = 0;
    askedLater[c] = 0;
    if
    :: c == A ->
        askedOld = 0;
        payResult = 0;
        if
        :: wire == PAY_CLAIMED || wire == PAY_DONE -> wire = PAY_OVER
        :: wire == PAY_WIRE -> caller = 0
        :: else
        fi
    :: else
    fi
}
inline LOSE_ROW(c) {
    C(c) = C_none;
    step[c] = U_IDLE;
    cancelled[c] = 0;
    trade[c] = 0;
    revokedRow[c] = 0;
    dirty[c] = 0;
    UNPROVEN(c)
}

#define UNDONE_OR_CONFIRMED(c) (C(c) == C_revoking || C(c) == C_stuck || C(c) == C_revoked || C(c) == C_confirmed)
inline FAIL_OVER(c, before) {
    rollback = 0;
    rolledBack = c + 1;
#ifdef M_NO_MARGIN
    promotedEarly = phase == BEFORE_D;
#endif
    forgiven = C(c) == C_confirmed || C(c) == C_revoked;
    LOSE_ROW(c);
    C(c) = before
}

inline cloud(c) {
end:
    do
    /* Requests. A repeated one that changes nothing is possible until the last phase. */
    :: d_step { !dead[c] && c == A && pay == 2 && (phase < LATER || MOVES_cloud_pay(c)) ->
        asked = ASK_PAY; CLOUD_pay(c); SETTLE() }
    :: d_step { !dead[c] && c == A && pay == 2 && C(c) == C_none ->
        asked = ASK_PAY; shed = 1; CLOUD_pay(c); shed = 0; SETTLE() }
    :: d_step { !dead[c] && c == B && pay == 2 && phase < LATER && C(c) == C_none ->
        asked = ASK_PAY; CLOUD_pay(c); SETTLE() }
    :: d_step { !dead[c] && p == L_intent && reattach != 1 && C(c) != C_none && (phase < LATER || PAYMENT_NEWS(c)) ->
        asked = ASK_QUERY; CLOUD_query(c); SETTLE() }
    :: d_step { !dead[c] && p == L_intent && reattach != 1 && C(c) == C_none && call[c] == Q_NONE &&
        (phase < LATER || SHOWS_PAID && !saidPaid) ->
        asked = ASK_QUERY; CLOUD_query(c); SETTLE() }
#ifdef M_NO_TOMBSTONE
    :: d_step { !dead[c] && OWES_REVOKE && LEAVES_NOTHING(c) && p == L_revoke && !saidFinal -> saidFinal = 1 }
#endif
    :: d_step { !dead[c] && OWES_REVOKE && !LEAVES_NOTHING(c) &&
        (phase < LATER || MOVES_cloud_revoke(c) || UNDO_NEWS(c)) ->
        asked = ASK_REVOKE; CLOUD_revoke(c); SETTLE() }
    :: d_step { !dead[c] && owing && p == L_acked && call[c] == Q_NONE && (phase < LATER || MOVES_cloud_confirm(c) ||
                SHOWS_PAID && (C(c) == C_sending || C(c) == C_unknown || C(c) == C_declined || C(c) == C_tomb)) ->
        asked = ASK_CONFIRM; CLOUD_confirm(c); SETTLE() }
    /* A revoke that the plug-in never sent, for a sale that was handed over: forged, or of a restored disk. */
    :: d_step { !dead[c] && C(c) == C_confirmed && phase < LATER -> asked = ASK_REVOKE;
#ifdef M_REVOKE_AFTER_CONFIRM
        ENTER_cloud(c, C_revoking); A_cloud_beginUndo(c);
#else
        CLOUD_revoke(c);
#endif
        SETTLE() }

    /* The row's own work. */
    :: d_step { !dead[c] && (C(c) == C_sending || call[c] == Q_NONE && WORKS(c)) -> CLOUD_due(c); SETTLE() }
#ifdef M_SWEEPER
    :: d_step { !dead[c] && C(c) == C_unknown -> ENTER_cloud(c, C_revoking); A_cloud_beginUndo(c) }
#endif

    /* The one pay call. A clock that stood still may let a late one pass: the wallet then judges by its date. */
    :: d_step { c == A && !dead[c] && wire == PAY_CLAIMED ->
        wire = PAY_WIRE; CHECK(S4_write_ahead, j != L_free) }
    :: d_step { c == A && !dead[c] && wire == PAY_CLAIMED -> wire = PAY_OVER; CLOUD_payUnwritten(c); SETTLE() }
    :: d_step { c == A && !dead[c] && (wire == PAY_WIRE && caller || wire == PAY_DONE) && C(c) == C_sending ->
        UNCLEAR(c); SETTLE() }
    :: d_step { c == A && !dead[c] && wire == PAY_DONE ->
        wire = PAY_OVER;
        got = payResult;
        payResult = 0;
        if
        :: got == R_PAID -> CLOUD_payPaid(c)
        :: got == R_OPEN -> CLOUD_payWaiting(c)
        :: got == R_DECLINED -> CLOUD_payDeclined(c)
        :: got == R_UNKNOWN -> UNCLEAR(c)
        fi;
        SETTLE() }

    /* Answers of the wallet. */
    :: d_step { !dead[c] && IS_QUERY(c) && result[c] != 0 ->
        TAKE(c);
        if
        :: got == R_PAID -> CLOUD_queryPaid(c)
        :: got == R_OPEN -> CLOUD_queryOpen(c)
        :: got == R_NOTFOUND -> CLOUD_queryNotFound(c)
        :: got == R_PAYERROR -> CLOUD_queryPayError(c)
        :: got == R_CLOSED -> CLOUD_queryClosed(c)
        :: got == R_RETURNING -> CLOUD_queryReturning(c)
        fi;
        SETTLE() }
    :: d_step { !dead[c] && call[c] == Q_CANCEL && result[c] != 0 ->
        TAKE(c);
        if
        :: got == R_CLOSED -> CLOUD_cancelClosed(c)
        :: got == R_REFUNDED -> CLOUD_cancelRefunded(c)
        :: got == R_NOTFOUND -> CLOUD_cancelNotFound(c)
        :: got == R_REFUSED -> CLOUD_cancelRefused(c)
        fi;
        SETTLE() }
    :: d_step { !dead[c] && call[c] == Q_REFUND && result[c] != 0 ->
        TAKE(c);
        if
        :: got == R_ACCEPTED -> CLOUD_refundAccepted(c)
        :: got == R_DONE -> CLOUD_refundDone(c)
        :: got == R_FAILED -> CLOUD_refundFailed(c)
        fi;
        SETTLE() }
    :: d_step { !dead[c] && call[c] == Q_FOLLOW ->
        TAKE(c);
        if
        :: got == R_NOTFOUND -> CLOUD_refundShownNotFound(c)
        :: got == R_OPEN -> CLOUD_refundShownPending(c)
        :: got == R_DONE -> CLOUD_refundShownDone(c)
        :: got == R_FAILED -> CLOUD_refundShownFailed(c)
        fi;
        SETTLE() }
    /* It does not show yet a refund that it has taken. */
    :: d_step { !dead[c] && call[c] == Q_FOLLOW && phase < LATER ->
        TAKE(c); CLOUD_refundShownNotFound(c); SETTLE() }
    /* The same lost: an error, a time-out, an answer that cannot be read. The wallet may have acted. */
    :: d_step { !dead[c] && call[c] != Q_NONE && (phase < LATER || lateLoss && call[c] >= Q_CANCEL) ->
        if :: phase == LATER -> lateLoss = 0 :: else fi;
        TAKE(c);
        got = R_UNKNOWN;
        if
        :: purpose == Q_CANCEL -> CLOUD_cancelUnclear(c)
        :: purpose == Q_REFUND -> CLOUD_refundUnclear(c)
        :: purpose == Q_FOLLOW -> CLOUD_refundShownUnclear(c)
        :: else -> CLOUD_queryUnknown(c)
        fi;
        dirty[c] = LOOKS(c);
        SETTLE() }

    /* The process dies and comes back; what it had asked is forgotten. */
    :: d_step { !dead[c] && phase < LATER && C(c) != C_none ->
        sent = wire;
        FORGET(c);
        dirty[c] = LOOKS(c);
#ifdef M_RESUME_SENDING
        if
        :: C(c) == C_sending -> CHECK(S12_one_payer, sent < PAY_WIRE); wire = PAY_CLAIMED; caller = 1
        :: else -> CLOUD_restart(c)
        fi;
#else
        CLOUD_restart(c);
#endif
        SETTLE() }
    /* It dies for good; the other one lives. */
    :: d_step { death && !dead[c] ->
        death = 0;
        dead[c] = 1;
        FORGET(c);
        LOSE_ROW(c) }
    /* Its database fails over to an older copy: without the row, or with one of the versions it has had. */
    :: d_step { rollback && !dead[c] && C(c) != C_none -> FAIL_OVER(c, C_none) }
    :: d_step { rollback && !dead[c] && c == A && wire != PAY_NONE && C(c) != C_sending && C(c) != C_unknown ->
        FAIL_OVER(c, C_unknown); dirty[c] = 1 }
    :: d_step { rollback && !dead[c] && c == A && (HELD || w == W_RETURNED) && UNDONE_OR_CONFIRMED(c) ->
        FAIL_OVER(c, C_paid); trade[c] = 1 }
    :: d_step { rollback && !dead[c] && C(c) == C_revoked ->
        FAIL_OVER(c, C_revoking); revokedRow[c] = 1; step[c] = U_EARLY }

#ifdef M_NO_ROW_LOCK
    :: d_step { c == A && !dead[c] && pay == 2 && C(c) == C_none && phase == BEFORE_D && !halfClaim -> halfClaim = 1 }
    :: d_step { c == A && !dead[c] && halfClaim ->
        halfClaim = 0; C(c) = C_sending; step[c] = U_IDLE; A_cloud_claim(c); A_cloud_pay(c) }
#endif
    od
}
active proctype CloudA() provided (busy != 2) { cloud(A) }
active proctype CloudB() provided (busy != 1) { cloud(B) }

/* ---- the wallet ---- */

#define TRADE(state, shown, reply) \
    wire = (caller -> PAY_DONE : PAY_OVER); payResult = (caller -> reply : 0); caller = 1; \
    w = state; visible = shown; MONEY(); CHANGED()

/* A first pay is taken before F only, for the request carries its date; a planted bug may sign a later one. */
#define PAYABLE (wire == PAY_WIRE && w == W_NONE && (phase <= BEFORE_F || admittedLate))

inline cancelAndRefund(c) {
end:
    do
    :: d_step { call[c] == Q_CANCEL && result[c] == 0 ->
        if
        :: w == W_NONE -> result[c] = R_NOTFOUND
        :: w == W_OPEN -> w = W_CLOSED; result[c] = R_CLOSED
        :: w == W_FAILED || w == W_CLOSED -> result[c] = R_CLOSED
        :: w == W_PAID -> w = W_RETURNED; returned++; result[c] = R_REFUNDED; MONEY()
        :: w == W_RETURNING || w == W_RETURNED -> result[c] = R_REFUNDED
        fi;
        CHANGED() }
    /* It does not see yet what it did itself. */
    :: d_step { call[c] == Q_CANCEL && result[c] == 0 && !visible && phase != LATER && w != W_NONE ->
        result[c] = R_NOTFOUND }
    :: d_step { call[c] == Q_CANCEL && result[c] == 0 && w == W_PAID -> result[c] = R_REFUSED }
    :: d_step { call[c] == Q_REFUND && result[c] == 0 ->
#ifdef M_FRESH_REFUND
        if
        :: w == W_PAID || w == W_RETURNED && refundNumber == 2 ->
            w = W_RETURNED; refundNumber = 2; returned++; result[c] = R_DONE; MONEY(); CHANGED()
        :: else -> result[c] = R_FAILED
        fi
#else
        if
        :: refundNumber == 1 -> result[c] = R_ACCEPTED
        :: refundNumber == 2 -> result[c] = R_DONE
        :: else ->
            if
            :: w == W_PAID -> w = W_RETURNED; refundNumber = 2; returned++; result[c] = R_DONE; MONEY(); CHANGED()
            :: else -> result[c] = R_FAILED
            fi
        fi
#endif
        }
    :: d_step { call[c] == Q_REFUND && result[c] == 0 && w == W_PAID && refundNumber != 1 && refundNumber != 2 ->
        w = W_RETURNING; refundNumber = 1; result[c] = R_ACCEPTED; MONEY(); CHANGED() }
    :: d_step { call[c] == Q_REFUND && result[c] == 0 && w == W_PAID && refundFault && refundNumber == 0 ->
        refundFault = 0; result[c] = R_FAILED }
    od
}

active proctype WalletForA() provided (busy == 0) { cancelAndRefund(A) }
active proctype WalletForB() provided (busy == 0) { cancelAndRefund(B) }

active proctype Wallet() provided (busy == 0) {
end:
    do
    :: d_step { PAYABLE -> TRADE(W_PAID, 0, R_PAID) }
    :: d_step { PAYABLE -> TRADE(W_PAID, 0, R_UNKNOWN) }
    /* A definite decline although it paid: the query agrees no more. */
    :: d_step { PAYABLE -> TRADE(W_PAID, 1, R_DECLINED) }
    :: d_step { PAYABLE -> TRADE(W_OPEN, 1, R_OPEN) }
    :: d_step { PAYABLE -> TRADE(W_FAILED, 0, R_DECLINED) }
    :: d_step { wire == PAY_WIRE && !PAYABLE ->
        wire = (caller -> PAY_DONE : PAY_OVER); payResult = (caller -> R_UNKNOWN : 0); caller = 1 }
    /* Request or reply lost. */
    :: d_step { wire == PAY_WIRE || wire == PAY_DONE -> wire = PAY_OVER; payResult = 0; caller = 1 }
    :: d_step { w == W_OPEN -> w = W_PAID; MONEY(); CHANGED() }
    :: d_step { w == W_OPEN -> w = W_CLOSED; CHANGED() }
    :: d_step { w != W_NONE && !visible -> visible = 1; CHANGED() }
    :: d_step { w == W_RETURNING ->
        w = W_RETURNED; returned++;
        if :: refundNumber == 1 -> refundNumber = 2 :: else fi;
        MONEY(); CHANGED() }
    /* Accepted, then failed. */
    :: d_step { w == W_RETURNING && refundFault ->
        refundFault = 0; w = W_PAID;
        if :: refundNumber == 1 -> refundNumber = 3 :: else fi;
        CHANGED() }
    od
}

/* ---- time and the end ---- */

#define OPEN_ROW(c) \
    (C(c) == C_sending || C(c) == C_unknown || C(c) == C_paid || C(c) == C_revoking || C(c) == C_stuck)
#define EXCUSED(c) (dead[c] || rolledBack == c + 1 && forgiven)

/* While time stands at its last phase every run must end, so a cycle there is an error: hence the label. */
active proctype Time() provided (busy == 0) {
    do
    :: d_step { phase < AFTER_F && p != L_free -> phase++; CHANGED() }
    :: d_step { phase == AFTER_F -> phase++; CHANGED() }; break
    od;
accept_later:
    if
    :: timeout -> d_step {
        CHECK(E1_plugin_final, p == L_acked || p == L_declined || p == L_unsent || p == L_final);
        CHECK(E2_no_open_row, (EXCUSED(A) || !OPEN_ROW(A)) && (EXCUSED(B) || !OPEN_ROW(B)));
        CHECK(E3_confirm_everywhere, p != L_acked ||
            (EXCUSED(A) || C(A) == C_confirmed) && (EXCUSED(B) || C(B) == C_confirmed));
        CHECK(E4_no_money_without_sale, (p == L_acked) == (w == W_PAID) && w != W_RETURNING && w != W_OPEN) }
    fi
}
