# Part of Tillbridge. See LICENSE.
"""What a payment costs an adapter, beside the signatures that nobody can do without, from the same run.

A call = the request of a payment built and signed, and a real answer of the sandbox parsed and verified. One core, CPU
time, the median of five rounds. Wallets with RSA can never do more calls than the library signs; the others hash. Beside
them: bare signatures of RSA-2048 by OpenSSL, which the adapters use, by swift-crypto, and what `openssl speed` says.
"""

import argparse
import json
import re
import subprocess

# What the adapters have to reach: a share of the bare signatures, or calls a core-second.
SHARE = {"alipay-openapi-1.0": 0.9, "unionpay-acp-5.1.0": 0.9}
CALLS = {"wechatpay-v2": 10_000, "qqwallet-v1": 10_000}


def openssl_speed():
    """Signatures and checks of RSA-2048 a second."""
    run = subprocess.run(["openssl", "speed", "-mr", "-seconds", "1", "rsa2048"], capture_output=True, text=True,
                         check=True)
    line = re.search(r"^\+F2:\d+:2048:([\d.]+):([\d.]+)", run.stdout, re.MULTILINE)
    # OpenSSL 3 prints seconds an operation, later ones operations a second.
    sign, check = (float(value) for value in line.groups())
    return (1 / sign, 1 / check) if sign < 1 else (sign, check)


def main():
    parser = argparse.ArgumentParser(prog="./run bench adapters", description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    output = subprocess.run([options.program], check=True, capture_output=True, text=True).stdout
    rates = {name: int(rate) for name, rate in (line.split() for line in output.splitlines())}
    sign, check = openssl_speed()
    bare, other = rates.pop("rsa-openssl"), rates.pop("rsa-swift-crypto")
    print(f"{'one core':32} {'a second':>9}")
    print(f"{'RSA-2048, the adapters (OpenSSL)':32} {bare:>9,}")
    print(f"{'RSA-2048, swift-crypto':32} {other:>9,}   {other / bare:.2f} of OpenSSL")
    print(f"{'openssl speed: signatures':32} {sign:>9,.0f}")
    print(f"{'openssl speed: checks':32} {check:>9,.0f}")
    shares = {}
    for name, rate in rates.items():
        told = ""
        if name in CALLS:
            told = f"goal {CALLS[name]:,}: {'met' if rate >= CALLS[name] else 'missed'}"
        else:
            shares[name] = round(rate / bare, 3)
            told = f"{shares[name]:.2f} of the bare signatures"
            if name in SHARE:
                told += f", goal {SHARE[name]}: {'met' if shares[name] >= SHARE[name] else 'missed'}"
        print(f"{name:32} {rate:>9,}   {told}")
    if options.json:
        print(json.dumps({"callsPerCoreSecond": rates, "shareOfSignatures": shares, "signsPerCoreSecond": bare,
                          "swiftCryptoSignsPerCoreSecond": other, "opensslSpeedSignsPerSecond": round(sign)}))


if __name__ == "__main__":
    main()
