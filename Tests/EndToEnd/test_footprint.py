# Part of Tillbridge. See LICENSE.
"""What the plug-in's own file may cost a till computer. `./run bench footprint` measures the rest."""

import os
import shutil
import subprocess
import time

import pytest

FILE_LIMIT = 400_000


def voluntary_switches(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("voluntary_ctxt_switches:"))


def test_the_file_that_ships_is_within_its_budget(programs):
    with open(programs[1], "rb") as file:
        content = file.read()
    if b"ld-linux" in content or b"ld-musl" in content:
        pytest.skip("the budget is that of the static file, and this one is dynamic")
    assert len(content) <= FILE_LIMIT


def test_a_register_that_can_reach_nobody_and_owes_nothing_never_wakes(open_shop, tmp_path):
    open_shop.wait_available()
    shutil.copytree(os.path.dirname(open_shop.plugin["tokenFile"]), tmp_path / "register")
    configuration = tmp_path / "plugin.conf"
    configuration.write_text(f"data = {tmp_path}/register\nlisten = 127.0.0.1:0\nproxies =\ntoken = required\n")
    process = subprocess.Popen(
        [open_shop.plugin_program, "run", "--config", configuration], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout.readline().startswith(b"ready ")
        # A heartbeat would come every second, a decision about an old attempt after five.
        time.sleep(1)
        before = voluntary_switches(process.pid)
        time.sleep(7)
        assert voluntary_switches(process.pid) == before
    finally:
        process.kill()
        process.wait()
