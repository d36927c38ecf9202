# Part of Tillbridge. See LICENSE.
"""Real processes: `tillbridge demo --headless` on free ports, one for each test that breaks something."""

import os
import signal

import pytest

from shop import Shop

# A shell starts background jobs with SIGINT ignored, and programs that they start inherit it: Ctrl-C would be untested.
signal.signal(signal.SIGINT, signal.default_int_handler)


def program(name):
    path = os.environ.get(name)
    if not path or not os.access(path, os.X_OK):
        pytest.exit(f"{name} must name the built program; './run test' sets it", returncode=2)
    return path


@pytest.fixture
def make_shop(tmp_path):
    """Starts a shop in a folder of its own; every shop is closed at the test's end."""
    shops = []

    def make(name="shop", port_base=0):
        shop = Shop(program("TILLBRIDGE_BIN"), program("TILLBRIDGE_PLUGIN"), tmp_path / name, port_base)
        shops.append(shop)
        return shop

    yield make
    for shop in shops:
        shop.close()


@pytest.fixture
def shop(make_shop):
    """A shop of its own, to be broken."""
    return make_shop()


@pytest.fixture(scope="session")
def open_shop(tmp_path_factory):
    """One shop for all tests that leave it as they found it: with a free lane."""
    shop = Shop(program("TILLBRIDGE_BIN"), program("TILLBRIDGE_PLUGIN"), tmp_path_factory.mktemp("open") / "shop")
    yield shop
    shop.close()


@pytest.fixture(scope="session")
def programs():
    return program("TILLBRIDGE_BIN"), program("TILLBRIDGE_PLUGIN")
