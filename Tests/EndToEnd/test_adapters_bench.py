# Part of Tillbridge. See LICENSE.
"""The adapters' benchmark measures payments that succeed, and nothing else. `./run bench adapters` shows its figures."""

import json
import pathlib
import shutil
import subprocess

import pytest

FIXTURES = pathlib.Path(__file__).parents[1] / "TillWalletsTests" / "Fixtures"


def bench(programs, fixtures):
    program = pathlib.Path(programs[0]).parent / "tillbridge-adapters-bench"
    return subprocess.run(
        [program, "--fixtures", fixtures, "--seconds", "0.1"], capture_output=True, text=True, timeout=120)


def test_every_protocol_is_measured(programs):
    run = bench(programs, FIXTURES)
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert [wallet["protocol"] for wallet in report["wallets"]] == [
        "alipay", "alipay, certificate mode", "unionpay", "wechatpay v3", "wechatpay v2", "qqwallet"]
    assert all(wallet["callsPerCoreSecond"] > 0 and wallet["ratio"] > 0 for wallet in report["wallets"])
    assert [peer["library"] for peer in report["peers"]] == ["libcrypto", "swift-crypto"]
    assert report["peers"][0]["signRatio"] == 1 and 0 < report["ceiling"] < 1


@pytest.mark.parametrize("name", [
    "alipay/pay-paid.response", "unionpay/pay-accepted.response", "wechatpay/pay-paid.response",
    "qqwallet/pay-paid.response"])
def test_an_answer_that_does_not_verify_is_not_measured(programs, tmp_path, name):
    fixtures = tmp_path / "fixtures"
    shutil.copytree(FIXTURES, fixtures)
    answer = (fixtures / name).read_bytes()
    assert answer.count(b"TQF000K703343G7H2000016R") == 1
    (fixtures / name).write_bytes(answer.replace(b"TQF000K703343G7H2000016R", b"TQF000K703343G7H2000017P"))
    run = bench(programs, fixtures)
    assert run.returncode == 2 and run.stdout == ""
    assert run.stderr.startswith("bench: ") and len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", [
    "alipay/pay.request", "unionpay/pay.request", "wechatpay-v3/pay.request", "wechatpay/pay.request",
    "qqwallet/pay.request"])
def test_a_request_that_is_not_the_recorded_one_is_not_measured(programs, tmp_path, name):
    fixtures = tmp_path / "fixtures"
    shutil.copytree(FIXTURES, fixtures)
    request = (fixtures / name).read_bytes()
    (fixtures / name).write_bytes(request[:-1] + bytes([request[-1] ^ 1]))
    run = bench(programs, fixtures)
    assert run.returncode == 2 and "is not the recorded one" in run.stderr
