# Part of Tillbridge. See LICENSE.
"""The plug-in as it ships, at work."""

import os

import pytest

from shop import until


@pytest.fixture
def shipped(programs):
    with open(programs[1], "rb") as file:
        if b"libswiftCore.so" in file.read():
            pytest.skip("TILLBRIDGE_PLUGIN is a development build, not the file that ships")
    return programs[1]


def test_it_has_one_thread_and_stays_below_a_mebibyte(shipped, open_shop):
    for _ in range(20):
        open_shop.sell(100)
    pid = open_shop.ready["pids"]["plugin1"]
    assert len(os.listdir(f"/proc/{pid}/task")) == 1

    def resident():
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
        return int(fields["VmRSS"].split()[0])

    until("less than a mebibyte to be resident", lambda: resident() <= 1024)
