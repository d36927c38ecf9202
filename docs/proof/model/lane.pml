/* Part of Tillbridge. See LICENSE.
 *
 * One register's lane: four attempts to pay, of the same sale or of different ones, and what they forbid each other.
 * What clouds and wallet do to one attempt is payment.pml's subject; here they keep what is proved there: *paid* only
 * where the money is held, *declined*, *refused* and *final* only where it never will be.
 *
 * The plug-in's decisions are the rows of tables.txt, as there.
 */
#define ATTEMPTS 4
#ifndef LIMIT
#define LIMIT ATTEMPTS  /* how many of them may begin */
#endif

#define W_NONE 0  /* may still be taken */
#define W_PAID 1
#define W_NOT  2  /* nothing is held, for ever */

hidden byte S1_agreement, S2_no_double_charge, S3_lane_lock, S5_one_way_door, S9_no_undo_after_hand_over;
hidden byte E1_all_final, E5_lane_open;
#define CHECK(name, promise) assert((promise) || name)

byte p[ATTEMPTS];
byte sale[ATTEMPTS];     /* 0: the attempt has not begun */
byte w[ATTEMPTS];
bit left[ATTEMPTS];      /* a byte of PAY has left */
bit ours[ATTEMPTS];      /* begun by this process: it still holds the code */
bit second[ATTEMPTS];    /* the other cloud's turn after a refusal */
bit revoked[ATTEMPTS];
byte reattach[ATTEMPTS];
unsigned begun : 3;
bit crash = 1;
bit acknowledges;        /* chosen at the start */
bit shop = 1;            /* the register still asks for things */

hidden byte wanted, place, count;
hidden byte offline;

#include "states.pml"

#define BLOCKS(i) (p[i] == L_intent || p[i] == L_paid || p[i] == L_revoke)
#ifdef M_REVOKE_OPENS_LANE
#undef BLOCKS
#define BLOCKS(i) (p[i] == L_intent || p[i] == L_paid)
#endif
#define OPEN(i)   (p[i] == L_intent || p[i] == L_paid || p[i] == L_revoke)
#define DUTIES \
    ((p[0] == L_duty || p[0] == L_released) + (p[1] == L_duty || p[1] == L_released) + \
     (p[2] == L_duty || p[2] == L_released) + (p[3] == L_duty || p[3] == L_released))
#ifdef M_NO_DUTY_LIMIT
#define ROOM 1
#else
#define ROOM (DUTIES < 3)
#endif

/* Money of a sale that no undo is taking back. */
#define STANDS(i, s) (sale[i] == s && w[i] == W_PAID && p[i] != L_revoke && p[i] != L_duty && p[i] != L_released)
#define MONEY(s) \
    CHECK(S2_no_double_charge, STANDS(0, s) + STANDS(1, s) + STANDS(2, s) + STANDS(3, s) <= 1)

#define P(i) p[i]
#define G_lane_admissible(i)             (!offline)
#define G_lane_equalAndBeforeDecision(i) (!offline)
#define G_lane_beforeDecision(i)         (!offline)
#define G_lane_fromPayingCloud(i)        (!offline)
#define G_lane_provablyUnwritten(i)      (ours[i] && !left[i])
#define G_lane_beforePayDeadline(i)      ours[i]
#define G_lane_reattached(i)             (reattach[i] == 2)
#define G_lane_supervisor(i)             (!offline)
#define G_lane_registerAcknowledges(i)   acknowledges
#define G_lane_roomForDuty(i)            ROOM
#define G_lane_releasable(i)             (!offline && ROOM)

inline ENTER_lane(i, next) {
    CHECK(S9_no_undo_after_hand_over, !(p[i] == L_acked && next == L_revoke));
    p[i] = next;
    if :: next == L_revoke -> revoked[i] = 1 :: else fi;
    if :: next != L_intent && next != L_unsent -> ours[i] = 0; reattach[i] = 0 :: else fi;
    CHECK(S1_agreement, !(next == L_paid || next == L_acked) || w[i] == W_PAID);
    CHECK(S1_agreement, !(next == L_declined || next == L_unsent || next == L_final) || w[i] == W_NOT);
    CHECK(S3_lane_lock, DUTIES <= 3)
}
inline A_lane_journal(i) { skip }
inline A_lane_journalClosed(i) { skip }
inline A_lane_close(i) { skip }
inline A_lane_sendPay(i) {
    CHECK(S3_lane_lock, OPEN(0) + OPEN(1) + OPEN(2) + OPEN(3) <= 1);
    ours[i] = 1
}
inline A_lane_sendQuery(i) { skip }
inline A_lane_sendRevoke(i) { skip }
inline A_lane_sendConfirm(i) { skip }
inline A_lane_sendHygiene(i) { skip }
inline A_lane_answerPaid(i) { CHECK(S5_one_way_door, !revoked[i]) }
inline A_lane_answerDeclined(i) { skip }
inline A_lane_answerStored(i) { CHECK(S5_one_way_door, p[i] != L_paid) }
/* The same sale with another number at the other cloud: once, and only by the process that holds the code. */
inline A_lane_trySecondAttempt(i) {
    if
    :: ours[i] && !second[i] && begun < LIMIT && !offline ->
        place = begun;
        begun++;
        sale[place] = sale[i];
        second[place] = 1;
        p[place] = L_intent;
        A_lane_sendPay(place)
    :: else
    fi;
    ours[i] = 0
}
/* The sale that was in the way is acknowledged: the new one is treated once more. */
inline A_lane_again(i) { NEW_ATTEMPT() }

inline NEW_ATTEMPT() {
    if
    :: begun < LIMIT ->
        place = begun;
        sale[place] = wanted;
        if
        :: !offline -> begun++; p[place] = L_intent; A_lane_sendPay(place)
        :: else -> sale[place] = 0
        fi
    :: else
    fi
}

#include "tables.pml"

inline attempt(i) {
end:
    do
    :: d_step { p[i] == L_intent && !left[i] && ours[i] -> left[i] = 1 }
    :: d_step { p[i] == L_intent && !left[i] && ours[i] -> w[i] = W_NOT; LANE_neverLeft(i) }
    :: d_step { left[i] && w[i] == W_NONE &&
        (p[i] == L_intent || p[i] == L_revoke || p[i] == L_duty || p[i] == L_released) ->
        w[i] = W_PAID; MONEY(sale[i]) }
    :: d_step { p[i] == L_intent && w[i] == W_PAID -> LANE_paidReply(i); MONEY(sale[i]) }
    :: d_step { p[i] == L_intent && w[i] == W_PAID -> offline = 1; LANE_paidReply(i); offline = 0; MONEY(sale[i]) }
    :: d_step { p[i] == L_intent && w[i] == W_NONE -> w[i] = W_NOT; LANE_declinedReply(i) }
    :: d_step { p[i] == L_intent && w[i] == W_NONE && left[i] -> w[i] = W_NOT; LANE_refusedReply(i) }
    :: d_step { p[i] == L_intent && w[i] == W_NONE && !shop -> w[i] = W_NOT }
    :: d_step { p[i] == L_intent -> LANE_revokingReply(i) }
    :: d_step { p[i] == L_intent -> LANE_conflictReply(i) }
    :: d_step { p[i] == L_intent -> LANE_decisionTime(i) }
    :: d_step { p[i] == L_intent && reattach[i] != 0 && (reattach[i] == 1 || shop) -> LANE_reattachWindowOver(i) }
    :: d_step { p[i] == L_paid -> LANE_implicitAcknowledgement(i) }
    :: d_step { shop && (p[i] == L_paid || p[i] == L_acked) -> LANE_revokingReply(i) }
    :: d_step { p[i] == L_revoke || p[i] == L_duty || p[i] == L_released -> w[i] = W_NOT; LANE_undoFinal(i) }
    :: d_step { p[i] == L_revoke && (ROOM || shop) -> LANE_undoDuty(i) }
    :: d_step { shop && (p[i] == L_duty || p[i] == L_released) -> LANE_undoDuty(i) }

    /* The register and the cashier. */
    :: d_step { shop && p[i] == L_intent -> LANE_cancel(i) }
    :: d_step { shop && p[i] != L_free && p[i] != L_intent -> LANE_cancel(i) }
    :: d_step { shop && p[i] != L_free -> reattach[i] = (reattach[i] == 1 -> 2 : reattach[i]); LANE_status(i) }
    :: d_step { shop && p[i] != L_free && p[i] != L_intent -> LANE_acknowledge(i) }
    :: d_step { shop && p[i] != L_free && p[i] != L_intent -> LANE_disown(i) }
    :: d_step { shop && (p[i] == L_paid || p[i] == L_revoke) -> LANE_release(i) }
    :: d_step { shop && (p[i] == L_paid || p[i] == L_revoke) -> offline = 1; LANE_release(i); offline = 0 }
    od
}

/* A sale that is asked for: its newest attempt answers, the attempt in the way answers, or a new one begins. A sale
 * that ended unpaid takes another code as a new attempt. */
#define LATEST(i, s) \
    (sale[i] == s && (i == 3 || sale[(i + 1) % 4] != s) && (i >= 2 || sale[(i + 2) % 4] != s) && \
     (i >= 1 || sale[3] != s))
#define ENDED_UNPAID(i) (p[i] == L_declined || p[i] == L_final || p[i] == L_unsent)
#ifdef M_ACKED_STARTS_AGAIN
#undef ENDED_UNPAID
#define ENDED_UNPAID(i) (p[i] == L_declined || p[i] == L_final || p[i] == L_unsent || p[i] == L_acked)
#endif
#define KNOWN(s) (sale[0] == s || sale[1] == s || sale[2] == s || sale[3] == s)

#define SAME_SALE(i, s) \
    :: d_step { shop && LATEST(i, s) -> LANE_paySameSale(i) }

inline PAY_OTHER(s) {
    wanted = s;
    if
    :: BLOCKS(0) -> LANE_payOtherSale(0)
    :: BLOCKS(1) -> LANE_payOtherSale(1)
    :: BLOCKS(2) -> LANE_payOtherSale(2)
    :: BLOCKS(3) -> LANE_payOtherSale(3)
    :: else ->
        place = begun;
        sale[place] = s;
        LANE_payNew(place);
        begun++
    fi;
    wanted = 0;
    place = 0
}
#define OTHER_SALE(s) \
    :: d_step { shop && begun < LIMIT && (s == 1 || KNOWN(s - 1)) && (!KNOWN(s) || \
         LATEST(0, s) && ENDED_UNPAID(0) || LATEST(1, s) && ENDED_UNPAID(1) || \
         LATEST(2, s) && ENDED_UNPAID(2) || LATEST(3, s) && ENDED_UNPAID(3)) -> PAY_OTHER(s) }

active proctype Attempt0() { attempt(0) }
active proctype Attempt1() { attempt(1) }
active proctype Attempt2() { attempt(2) }
active proctype Attempt3() { attempt(3) }

#define FINISHED(i) \
    (p[i] == L_free || p[i] == L_acked || p[i] == L_declined || p[i] == L_unsent || p[i] == L_final)

inline RESTART(i) {
    if
    :: p[i] != L_free ->
        ours[i] = 0;
        reattach[i] = (p[i] == L_intent -> 1 : 0);
        LANE_restart(i)
    :: else
    fi
}

active proctype Register() {
    if
    :: acknowledges = 1
    :: acknowledges = 0
    fi;
    do
    SAME_SALE(0, sale[0])
    SAME_SALE(1, sale[1])
    SAME_SALE(2, sale[2])
    SAME_SALE(3, sale[3])
    OTHER_SALE(1)
    OTHER_SALE(2)
    OTHER_SALE(3)
    OTHER_SALE(4)
    :: d_step { shop && begun < LIMIT -> offline = 1; place = begun; LANE_payNew(place); offline = 0; place = 0 }
    :: d_step { crash -> crash = 0; RESTART(0); RESTART(1); RESTART(2); RESTART(3) }
    :: d_step { shop -> shop = 0 }; break
    od;
    /* The shop is shut: every run must end now, so a cycle is an error. */
accept_shut:
    do
    :: d_step { crash -> crash = 0; RESTART(0); RESTART(1); RESTART(2); RESTART(3) }
    :: timeout -> break
    od;
    skip;
    d_step {
        CHECK(E1_all_final, FINISHED(0) && FINISHED(1) && FINISHED(2) && FINISHED(3));
        CHECK(E5_lane_open, !OPEN(0) && !OPEN(1) && !OPEN(2) && !OPEN(3));
        MONEY(1); MONEY(2); MONEY(3); MONEY(4)
    }
}
