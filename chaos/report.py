# Part of Tillbridge. See LICENSE.
"""One page about a run."""

import time

from boundaries import ALL


def _figure(name, value, limit, count, unit="s"):
    if value is None:
        return f"| {name} | not seen | ≤ {limit:g} {unit} | 0 | |"
    return f"| {name} | {value:.2f} {unit} | ≤ {limit:g} {unit} | {count} | {'kept' if value <= limit else 'missed'} |"


def _counts(counter):
    return ", ".join(f"{name} {count}" for name, count in sorted(counter.items())) or "none"


def page(chaos, figures, seconds):
    values = figures.as_dict()
    named = {boundary.name: chaos.kills[boundary.name] for boundary in ALL}
    hit = sum(1 for count in named.values() if count)
    lines = [
        "# Chaos on real processes",
        "",
        f"Seed {chaos.options.seed}, time factor {chaos.factor:g}, {seconds / 60:.1f} minutes, {chaos.phases} phases, "
        f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime(chaos.started))} UTC.",
        "Four registers and plug-ins, two proxies, two clouds, the wallet sandbox; a fault proxy between any two.",
        "",
        f"**{chaos.verdict['payments']} payments, {sum(chaos.kills.values())} kills, "
        f"{sum(chaos.pauses.values())} pauses, {sum(chaos.partitions.values())} network faults, "
        f"{len(chaos.violations)} violations.**",
        "",
        f"Sales by outcome: {_counts(figures.outcomes)}.",
        "",
        "| Figure (fault-free parts, unless said otherwise) | Measured | Limit | Count | |",
        "|---|---|---|---|---|",
        _figure("FINAL (or DUTY, which opens the lane as well) after the later of decision and earliest reversal, p95",
                values["finalSecondsP95"], values["finalLimitSeconds"], values["finals"]),
        f"| FINAL behind an open lane, where the wallet takes its time to give back, p95 | "
        f"{values['finalBehindDutySecondsP95']} s | | {values['duties']} | |",
        _figure("unlock after healing, longest", values["unlockSecondsMax"], values["unlockLimitSeconds"],
                values["unlocks"]),
        _figure("unlock where only time proves that nothing was paid, after t0, longest",
                values["lateUnlockSecondsMax"], values["lateUnlockLimitSeconds"], values["lateUnlocks"]),
        _figure("\"unavailable\" after loss, longest", values["unavailableSecondsMax"],
                values["unavailableLimitSeconds"], values["losses"]),
        f"| a willing shopper's answer, p50 / p95 | {values['answerSecondsP50']} / {values['answerSecondsP95']} s | | "
        f"{len(figures.answers)} | |",
        f"| willing shoppers who paid, at a free lane | {figures.willing_paid} of {figures.willing} | | | |",
        "",
        "Limits are those at time factor 1, times the factor.",
        "",
    ]
    if chaos.violations:
        lines += ["## Violations", ""]
        for violation in chaos.violations[:40]:
            place = " ".join(violation.get(name, "") for name in ("register", "sale", "number")).strip()
            lines.append(f"* **{violation['rule']}** {violation['what']}" + (f" ({place})" if place else ""))
        lines.append("")
    lines += [
        f"## Kills: {hit} of {len(ALL)} named boundaries hit", "",
        "| Boundary | Kills | Missed |", "|---|---|---|",
        *(f"| {name} | {count} | {chaos.misses[name] or ''} |" for name, count in named.items()),
        *(f"| {name} | {count} | |" for name, count in sorted(chaos.kills.items()) if name not in named),
        "",
        "A missed boundary was not reached: the register was not quiet in time, or another fault came first.",
        "",
        "## Other faults", "",
        f"* Pauses: {_counts(chaos.pauses)}.",
        f"* Network: {_counts(chaos.partitions)}.",
        f"* Disk: {_counts(chaos.disk)}.",
        f"* Clocks: {_counts(chaos.clocks)}.",
        f"* Wallet: {_counts(chaos.wallet_faults)}.",
        f"* Floods {chaos.floods}, restarts by SIGTERM {chaos.restarts}, second instances {chaos.second_instances}.",
        f"* Parts that ended by themselves: {_counts(chaos.falls)}.",
        "",
        "## Not possible on this machine", "",
        *([f"* {what}: {why}" for what, why in sorted(chaos.abilities.refused.items())] or ["Nothing."]),
        "",
    ]
    return "\n".join(lines)
