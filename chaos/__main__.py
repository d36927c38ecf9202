# Part of Tillbridge. See LICENSE.
"""Chaos on real processes: `./run chaos`. docs/proof/chaos.md says what it does and why."""

import argparse
import asyncio
import json
import os
import resource
import secrets
import shutil
import signal
import sys
import time

import linux
from figures import Figures
from harness import Chaos
from parts import SetupFailure
from report import page

KEPT_RUNS = 5


def arguments():
    parser = argparse.ArgumentParser(prog="./run chaos", description="Faults on real processes, then a comparison.")
    parser.add_argument("--tillbridge", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--plugin", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--minutes", type=float, help="how long, all in all (2; 480 with --night)")
    parser.add_argument("--night", action="store_true", help="in real time: time factor 1")
    parser.add_argument("--seed", type=int, help="names the schedule of faults; drawn and printed where missing")
    parser.add_argument("--time-factor", type=float, help="scales the protocol's times (0.2; 1 with --night)")
    parser.add_argument("--data", help="the folder for logs, books and the report; must not exist")
    parser.add_argument("--json", action="store_true", help="one object on the last line of standard output")
    parser.add_argument("--verbose", action="store_true", help="tell every fault on standard error")
    options = parser.parse_args()
    options.minutes = options.minutes or (480 if options.night else 2)
    options.time_factor = options.time_factor or (1.0 if options.night else 0.2)
    if not 0.001 <= options.time_factor <= 1:
        parser.error("--time-factor must be from 0.001 to 1")
    if not 1 <= options.minutes <= 1440:
        parser.error("--minutes must be from 1 to 1440")
    if options.seed is None:
        options.seed = secrets.randbelow(1 << 32)
    return options


def make_folder(options):
    if options.data:
        folder = os.path.abspath(options.data)
        if os.path.exists(folder):
            raise SetupFailure(f"{folder} exists: name a new folder with --data")
        os.makedirs(folder, mode=0o700)
        return folder
    runs = os.path.abspath(".tillbridge/chaos")
    os.makedirs(runs, mode=0o700, exist_ok=True)
    for old in sorted(os.listdir(runs))[:-KEPT_RUNS + 1]:
        shutil.rmtree(f"{runs}/{old}", ignore_errors=True)
    folder = f"{runs}/{time.strftime('%Y%m%d-%H%M%S')}-{options.seed}"
    os.mkdir(folder, 0o700)
    return folder


async def run(options):
    folder = make_folder(options)
    abilities = linux.Abilities(folder)
    chaos = Chaos(options, abilities, folder)
    chaos.say(f"seed {options.seed}, {options.minutes:g} minutes, time factor {options.time_factor:g}, in {folder}")
    for what, why in abilities.refused.items():
        chaos.say(f"not possible here: {what}: {why}")
    # SIGTERM and Ctrl-C end the run as its time does: everything is ended, nothing is left behind.
    this = asyncio.current_task()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, this.cancel)
    try:
        # A run that hangs is a finding, too. Nothing of it may outlive its time by much.
        async with asyncio.timeout(options.minutes * 60 + 300 * options.time_factor + 120):
            await chaos.run()
    except TimeoutError:
        chaos.accuse("hang", "the run did not come to its end")
        chaos.verdict = getattr(chaos, "verdict", {"payments": 0})
    finally:
        chaos.plant.abandon()
        chaos.plant.keep_small()
    figures = Figures(chaos)
    text = page(chaos, figures, time.time() - chaos.started)
    with open(f"{folder}/report.md", "w", encoding="utf-8") as file:
        file.write(text)
    print(text)
    print(f"chaos: logs, books and this report are in {folder}", file=sys.stderr)
    if options.json:
        print(json.dumps({
            "payments": chaos.verdict["payments"], "kills": sum(chaos.kills.values()),
            "pauses": sum(chaos.pauses.values()), "partitions": sum(chaos.partitions.values()),
            "violations": len(chaos.violations), "seed": options.seed, "timeFactor": options.time_factor,
            "seconds": round(time.time() - chaos.started), **figures.as_dict(),
            "killsByBoundary": dict(chaos.kills), "refused": abilities.refused}, ensure_ascii=False))
    chaos.close()
    return 1 if chaos.violations else 0


def main():
    options = arguments()
    # Parts that are killed on purpose leave no cores behind, and a flood needs descriptors.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    try:
        return asyncio.run(run(options))
    except SetupFailure as failure:
        print(f"chaos: {failure}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("chaos: ended early", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
