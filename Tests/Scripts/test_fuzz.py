# Part of Tillbridge. See LICENSE.
"""`scripts/fuzz` tells a parser that crashed from a run that somebody ended, with a program in libFuzzer's place."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest

SCRIPT = pathlib.Path(__file__).parents[2] / "scripts/fuzz"

# Ends as libFuzzer does: 0 after its inputs, 77 after a crash, 72 when it is told to end, with its figures each time.
LIBFUZZER = """#!{python}
import os, signal, sys

name = os.environ["TILLBRIDGE_FUZZ"]
if name == "list":
    print("good\\tfixtures\\nbad\\tfixtures\\nlong\\tfixtures\\nafter\\tfixtures")
    sys.exit()


open("arguments", "w").write("\\n".join(sys.argv[1:]))


def end(code):
    print("stat::number_of_executed_units: 1234\\nstat::peak_rss_mb: 56", file=sys.stderr, flush=True)
    os._exit(code)


if name == "long":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: end(72))
    open("began", "w").close()
    while True:
        signal.pause()
end(77 if name == "bad" else 0)
"""


@pytest.fixture
def folder(tmp_path):
    """A repository with nothing but the script, and the program that it calls."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "fixtures").mkdir()
    (tmp_path / "fixtures/one.response").write_bytes(b"HTTP/1.1 200 OK\r\n\r\nbody")
    shutil.copy(SCRIPT, tmp_path / "scripts/fuzz")
    program = tmp_path / "libfuzzer"
    program.write_text(LIBFUZZER.format(python=sys.executable))
    program.chmod(0o700)
    return tmp_path


def start(folder, *parsers, options=()):
    names = [word for name in parsers for word in ("--parser", name)]
    return subprocess.Popen(
        [sys.executable, folder / "scripts/fuzz", "--program", folder / "libfuzzer", "--json", *names, *options],
        stdout=subprocess.PIPE, text=True, start_new_session=True)


def await_start(folder, run):
    """Returns when the parser `long` is at work."""
    deadline = time.monotonic() + 30
    while not (folder / "began").exists():
        assert run.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)


def end(run):
    """The exit code, and the last line."""
    out, _ = run.communicate(timeout=30)
    return run.returncode, json.loads(out.splitlines()[-1])


def test_what_a_run_tells(folder):
    code, told = end(start(folder, "good", "after"))
    assert code == 0
    assert [parser["name"] for parser in told["parsers"]] == ["good", "after"]
    assert [parser["inputs"] for parser in told["parsers"]] == [1234, 1234]
    assert all(parser["peakMegabytes"] == 56 for parser in told["parsers"])
    assert (told["crashes"], told["interrupted"]) == (0, False)
    assert (folder / "build-output/fuzz/good/seeds/fixtures-one.response").read_bytes() == b"body"


@pytest.mark.parametrize("options, longest", [((), 8192), (("--max-length", "1024"), 1024)])
def test_inputs_have_a_longest(folder, options, longest):
    assert end(start(folder, "good", options=options))[0] == 0
    assert f"-max_len={longest}" in (folder / "arguments").read_text().splitlines()


def test_a_crash_is_one_and_the_other_parsers_are_played(folder):
    code, told = end(start(folder, "bad", "good"))
    assert code == 1
    assert [parser["crashed"] for parser in told["parsers"]] == [True, False]
    assert (told["crashes"], told["interrupted"]) == (1, False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("to_all", [True, False], ids=["to all, as a terminal does", "to the script alone"])
def test_an_interrupted_run_is_no_crash(folder, number, to_all):
    run = start(folder, "good", "long", "after")
    await_start(folder, run)
    (os.killpg if to_all else os.kill)(run.pid, number)
    code, told = end(run)
    assert code == 130
    assert [parser["name"] for parser in told["parsers"]] == ["good", "long"]
    assert [parser["interrupted"] for parser in told["parsers"]] == [False, True]
    assert [parser["inputs"] for parser in told["parsers"]] == [1234, 1234]
    assert (told["crashes"], told["interrupted"]) == (0, True)


def test_an_interrupted_run_keeps_the_crash_before_it(folder):
    run = start(folder, "bad", "long")
    await_start(folder, run)
    run.send_signal(signal.SIGTERM)
    code, told = end(run)
    assert (code, told["crashes"], told["interrupted"]) == (1, 1, True)
