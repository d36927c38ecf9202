# Part of Tillbridge. See LICENSE.
"""What the wallets' adapters cost, beside RSA itself.

A call makes and signs a pay request, then reads and verifies its answer. Where RSA signs, the calls of one core-second
are compared with the bare signatures of the library in use, measured in the same process and in turns with them; where a
hash does, with a number. `openssl speed` stands below as a stranger's measurement of the same library.
"""

import argparse
import json
import shutil
import subprocess
import sys

# Calls beside bare signatures, and calls per core-second.
RATIO_GOALS = {"alipay": 0.9, "alipay, certificate mode": 0.9, "unionpay": 0.9}
RATE_GOALS = {"wechatpay v2": 10_000, "qqwallet": 10_000}


def measure(program, fixtures, seconds):
    run = subprocess.run(
        [program, "--fixtures", fixtures, "--seconds", str(seconds)], stdout=subprocess.PIPE, text=True)
    if run.returncode != 0:
        raise SystemExit(2)
    return json.loads(run.stdout)


def openssl_speed():
    """Signatures and verifications per second of RSA-2048; None where there is no such program."""
    if not shutil.which("openssl"):
        return None
    run = subprocess.run(
        ["openssl", "speed", "-mr", "-seconds", "1", "rsa2048"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True)
    # +F2:index:bits:signatures:verifications
    for line in run.stdout.splitlines():
        if line.startswith("+F2:"):
            return tuple(round(float(number)) for number in line.split(":")[3:5])
    return None


def verdict(wallet):
    """The goal of a wallet's row, and whether it is met."""
    name = wallet["protocol"]
    if name in RATIO_GOALS:
        return f"{RATIO_GOALS[name]:.2f}", wallet["ratio"] >= RATIO_GOALS[name]
    if name in RATE_GOALS:
        return f"{RATE_GOALS[name]}/s", wallet["callsPerCoreSecond"] >= RATE_GOALS[name]
    return "-", None


def main():
    parser = argparse.ArgumentParser(prog="./run bench adapters")
    parser.add_argument("--program", required=True)
    parser.add_argument("--fixtures", required=True)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    report = measure(options.program, options.fixtures, options.seconds)
    speed = openssl_speed()
    bare = report["peers"][0]["signsPerCoreSecond"]
    print(f"{'':28}{'calls/core-s':>14}{'bare RSA/core-s':>17}{'ratio':>8}{'goal':>9}"
          f"{'request µs':>12}{'answer µs':>11}")
    missed = 0
    for wallet in report["wallets"]:
        goal, met = verdict(wallet)
        missed += met is False
        signs = wallet["protocol"] not in RATE_GOALS
        print(f"{wallet['protocol']:28}{wallet['callsPerCoreSecond']:14}{bare if signs else '-':>17}"
              f"{format(wallet['ratio'], '.3f') if signs else '-':>8}{goal:>9}"
              f"{wallet['requestMicroseconds']:12.1f}{wallet['answerMicroseconds']:11.1f}"
              f"{'' if met is None else '  met' if met else '  missed'}")
    print(f"{'one sign, one verify':28}{'':14}{bare:17}{report['ceiling']:8.3f}")
    print()
    print(f"{'RSA-2048':28}{'signs/core-s':>14}{'verifies/core-s':>17}{'ratio':>8}")
    for peer in report["peers"]:
        print(f"{peer['library']:28}{peer['signsPerCoreSecond']:14}{peer['verifiesPerCoreSecond']:17}"
              f"{peer['signRatio']:8.3f}")
    if speed:
        print(f"{'openssl speed':28}{speed[0]:14}{speed[1]:17}")
    else:
        print("bench: no openssl program to compare with", file=sys.stderr)
    print(f"medians of {report['rounds']} rounds; request and answer without their RSA")
    if options.json:
        print(json.dumps({
            **report, "missed": missed,
            "opensslSpeed": speed and {"signsPerSecond": speed[0], "verifiesPerSecond": speed[1]}}))


if __name__ == "__main__":
    main()
