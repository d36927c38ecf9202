# Part of Tillbridge. See LICENSE.
"""Compares the books of a chaos run: the registers' paper, the plug-ins' journals, the wallet's ledger.

A program of its own: it shares no code with the services, and none with the harness that ran them."""

import argparse
import json
import sys

from books import Books
from rules import judge


def main():
    parser = argparse.ArgumentParser(prog="python3 chaos/checker")
    parser.add_argument("folder", help="the folder of a run")
    parser.add_argument("--since", type=int, default=0, help="judge sales from this moment on, in ms since 1970")
    parser.add_argument("--before", type=int, help="judge only sales that began before this moment")
    parser.add_argument("--open", action="store_true", help="payments may still be in flight")
    parser.add_argument("--codes", action="store_true", help="read the payment codes to search for, one a line")
    options = parser.parse_args()
    codes = sys.stdin.read().split() if options.codes else ()
    books = Books(options.folder, thorough=not options.open)
    violations = judge(books, options.since, options.before, not options.open, codes)
    print(json.dumps({
        "payments": sum(len(register.attempts) for register in books.registers),
        "sales": sum(len(register.sales) for register in books.registers),
        "trades": len(books.trades),
        "violations": [violation.as_dict() for violation in violations],
    }, ensure_ascii=False))
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
