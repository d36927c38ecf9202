# Part of Tillbridge. See LICENSE.
"""The figures that a run reports, from the journals and from what the harness saw. They judge nothing."""

import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "checker"))

from books import Books  # noqa: E402

# Before the earliest reversal a wallet's undo cannot end. In milliseconds.
EARLIEST = {"alipay": 0, "wechatpay": 15_000, "qqwallet": 300_000, "unionpay": 31_000}
# By the first digit of its codes.
WALLETS = {"1": "wechatpay", "9": "qqwallet", "6": "unionpay"}


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] if values else None


class Figures:
    def __init__(self, chaos):
        books = Books(chaos.folder, thorough=False)
        factor = chaos.factor
        for register in books.registers:
            for _ in register.read_attempts():
                pass
        attempts = {number: attempt for register in books.registers for number, attempt in register.attempts.items()}
        # Until the lane opens, and until FINAL where the wallet was still giving back when it opened.
        self.finals, self.behind = [], []
        for attempt in attempts.values():
            revoke, final = attempt.first("REVOKE"), attempt.first("FINAL")
            if revoke is None or final is None or not revoke.time or not final.time:
                continue
            # What begins just before the next storm is its.
            if not any(start * 1000 <= attempt.t0 and revoke.time <= (end - 4 * factor - 0.3) * 1000
                       for start, end in self.fault_free(chaos)):
                continue
            wallet = self.wallet_of(attempt, books)
            earliest = attempt.t0 + EARLIEST[wallet] * factor
            duty = attempt.first("DUTY")
            waited = max(0, final.time - max(revoke.time, earliest)) / 1000
            if duty:
                self.behind.append(waited)
                waited = max(0, duty.time - max(revoke.time, earliest)) / 1000
            self.finals.append(waited)
        self.unlocks, self.late_unlocks = [], []
        for _, number, healed_at, waited in chaos.unlocks:
            attempt = attempts.get(number)
            if attempt is None:
                continue
            final = attempt.first("FINAL")
            if final is not None and final.fields[1:2] == ["never-existed"] \
                    and healed_at < attempt.t0 / 1000 + 120 * factor:
                # Nothing proves that such a payment never comes, but time: t0 + 130 s.
                self.late_unlocks.append(max(0.0, healed_at + waited - attempt.t0 / 1000))
            else:
                wallet = self.wallet_of(attempt, books)
                earliest = (attempt.t0 + EARLIEST[wallet] * factor) / 1000
                self.unlocks.append(max(0.0, healed_at + waited - max(healed_at, earliest)))
        self.answers = [sale.waited for driver in chaos.drivers for sale in driver.sales
                        if sale.behaviour == "pays" and sale.cashier == "waits" and sale.outcome == "paid"
                        and sale.waited is not None
                        and any(start <= sale.began <= end - 3 for start, end in self.fault_free(chaos))]
        willing = [sale for driver in chaos.drivers for sale in driver.sales
                   if sale.behaviour == "pays" and sale.cashier == "waits" and sale.outcome != "busy"
                   and any(start <= sale.began <= end - 3 for start, end in self.fault_free(chaos))]
        self.willing = len(willing)
        self.willing_paid = sum(1 for sale in willing if sale.outcome == "paid")
        self.dark = chaos.dark
        self.outcomes = {}
        for driver in chaos.drivers:
            for sale in driver.sales:
                self.outcomes[sale.outcome or "open"] = self.outcomes.get(sale.outcome or "open", 0) + 1
        self.factor = factor

    @staticmethod
    def fault_free(chaos):
        """The calm parts, without what the storm before leaves to be done."""
        return [(start + 10 * chaos.factor + 1 if number else start, end)
                for number, (start, end) in enumerate(chaos.calm)]

    @staticmethod
    def wallet_of(attempt, books):
        trade = books.trades.get(attempt.number)
        if trade:
            return trade.wallet
        for register in books.registers:
            for record in register.records:
                if record.kind == "INTENT" and attempt.number in record.fields[0]:
                    return WALLETS.get(record.fields[0].split("|")[5][:1], "alipay")
        return "alipay"

    def as_dict(self):
        def rounded(value):
            return None if value is None else round(value, 3)
        return {
            "finalSecondsP95": rounded(percentile(self.finals, 0.95)), "finals": len(self.finals),
            "finalLimitSeconds": 3 * self.factor,
            "finalBehindDutySecondsP95": rounded(percentile(self.behind, 0.95)), "duties": len(self.behind),
            "unlockSecondsMax": rounded(max(self.unlocks, default=None)), "unlocks": len(self.unlocks),
            "unlockLimitSeconds": 10 * self.factor,
            "lateUnlockSecondsMax": rounded(max(self.late_unlocks, default=None)),
            "lateUnlocks": len(self.late_unlocks), # Of the 130 s, twice the bound of a clock's error is not scaled.
            "lateUnlockLimitSeconds": 129.5 * self.factor + 0.5,
            "unavailableSecondsMax": rounded(max(self.dark, default=None)), "losses": len(self.dark),
            "unavailableLimitSeconds": 3 * self.factor,
            "answerSecondsP50": rounded(percentile(self.answers, 0.5)),
            "answerSecondsP95": rounded(percentile(self.answers, 0.95)),
            "successShare": rounded(self.willing_paid / self.willing) if self.willing else None,
        }
