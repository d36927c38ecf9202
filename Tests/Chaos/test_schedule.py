# Part of Tillbridge. See LICENSE.
"""A seed names a schedule, and the schedules of some phases leave no boundary out."""

import itertools
import types

import pytest
from acts import aimed, schedule
from boundaries import ALL
from parts import REGISTERS


def abilities(**permitted):
    names = ("strace", "mounts", "clock", "networks", "netem", "loss", "slow")
    return types.SimpleNamespace(**{name: permitted.get(name, True) for name in names})


def told(seed, phase, **permitted):
    tracks = schedule(seed, phase, abilities(**permitted))
    return [str(act) for act in tracks[0] + tracks[1]]


def test_a_seed_names_its_schedule():
    assert told(7, 3) == told(7, 3)
    assert told(7, 3) != told(8, 3)
    assert told(7, 3) != told(7, 4)


@pytest.mark.parametrize("strace", [True, False])
def test_every_boundary_that_can_be_reached_is_aimed_at(strace):
    def walk(seed):
        return list(itertools.islice(aimed(seed, abilities(strace=strace)), 40))
    assert [str(act) for act in walk(1)] == [str(act) for act in walk(1)] != [str(act) for act in walk(2)]
    assert all(len(act.what["registers"]) == REGISTERS for act in walk(1))
    reached = {number for act in walk(1) for number in act.what["numbers"]}
    assert reached == {number for number, boundary in enumerate(ALL) if strace or not boundary.needs_strace}


def test_what_is_not_permitted_is_not_drawn():
    kinds = " ".join(told(3, 0, strace=False, mounts=False, clock=False, networks=False))
    for kind in ("sync error", "full disk", "clock", "link down", "packet loss", "thin line"):
        assert kind not in kinds


def test_boundaries_have_names_of_their_own():
    assert len({boundary.name for boundary in ALL}) == len(ALL) >= 30
