# Part of Tillbridge. See LICENSE.
"""The plug-in as it ships: what the register has to carry."""

import os
import struct

import pytest

from shop import until


def segments(path):
    """Types of the program headers of a 64-bit ELF file."""
    with open(path, "rb") as file:
        head = file.read(64)
        assert head[:5] == b"\x7fELF\x02"
        offset, size, count = struct.unpack_from("<Q", head, 32) + struct.unpack_from("<HH", head, 54)
        for number in range(count):
            file.seek(offset + number * size)
            yield struct.unpack("<I", file.read(4))[0]


@pytest.fixture
def shipped(programs):
    with open(programs[1], "rb") as file:
        if b"libswiftCore.so" in file.read():
            pytest.skip("TILLBRIDGE_PLUGIN is a development build, not the file that ships")
    return programs[1]


def test_it_is_one_static_file_of_at_most_400_kilobytes(shipped):
    interpreter = 3
    assert interpreter not in set(segments(shipped))
    assert os.stat(shipped).st_size <= 400_000


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
