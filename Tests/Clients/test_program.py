# Part of Tillbridge. See LICENSE.
"""The sandbox as a program: its ready line, SIGKILL, SIGTERM, bad settings, and the pictures on the phone."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess

import pytest
import requests
from alipay import AliPay

from conftest import Sandbox

PROGRAM = os.environ.get("TILLBRIDGE_BIN")
needs_program = pytest.mark.skipif(not PROGRAM, reason="TILLBRIDGE_BIN is not set")


@contextlib.contextmanager
def started(folder):
    process = subprocess.Popen(
        [PROGRAM, "sandbox", "--port", "0", "--data", str(folder / "data"), "--export", str(folder / "keys")],
        stdout=subprocess.PIPE, text=True)
    try:
        ready = json.loads(process.stdout.readline()[len("ready "):])
        yield process, Sandbox(ready["sandbox"], ready["keys"])
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def pay(sandbox, number, code):
    keys = sandbox.keys["alipay"]
    client = AliPay(
        appid=keys["appID"], app_private_key_string=keys["merchantPrivateKeyPKCS1"],
        alipay_public_key_string=keys["alipayPublicKey"])
    client._gateway = f"{sandbox.url}/gateway.do"
    return client.api_alipay_trade_pay(
        out_trade_no=number, scene="bar_code", auth_code=code, subject="milk", total_amount="12.90")


@needs_program
def test_sigkill_loses_no_answered_payment(tmp_path):
    numbers = [f"KILL{index}" for index in range(20)]
    with started(tmp_path) as (process, sandbox):
        waiting = sandbox.code("alipay", "password")
        assert pay(sandbox, "WAITING", waiting)["code"] == "10003"
        for number in numbers:
            assert pay(sandbox, number, sandbox.code("alipay"))["code"] == "10000"
        app = sandbox.keys["alipay"]["appID"]
        process.send_signal(signal.SIGKILL)
        process.wait()
    with started(tmp_path) as (process, sandbox):
        assert sandbox.keys["alipay"]["appID"] == app
        assert all(sandbox.trade(number)["net"] == 1290 for number in numbers)
        ledger = sandbox.control("GET", "ledger")
        assert ledger["merchant"] == 1290 * len(numbers) and ledger["sum"] == 0
        sandbox.control("POST", f"codes/{waiting}/confirm")
        assert sandbox.trade("WAITING")["state"] == "paid"
        process.terminate()
        assert process.wait(timeout=20) == 0


@needs_program
def test_sigterm_ends_a_silent_call(tmp_path):
    with started(tmp_path) as (process, sandbox):
        sandbox.fault("alipay", "pay", "drop-reply", seconds=600)
        code = sandbox.code("alipay")
        with socket.create_connection(sandbox.url.split("//")[1].split(":")) as silent:
            keys = sandbox.keys["alipay"]
            client = AliPay(
                appid=keys["appID"], app_private_key_string=keys["merchantPrivateKeyPKCS1"],
                alipay_public_key_string=keys["alipayPublicKey"])
            query = client.client_api("alipay.trade.pay", {
                "out_trade_no": "SILENT", "scene": "bar_code", "auth_code": code, "subject": "milk",
                "total_amount": "1.00"})
            silent.sendall(f"GET /gateway.do?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            while not sandbox.control("GET", "trades?merchantOrderNumber=SILENT"):
                pass
            process.terminate()
            assert process.wait(timeout=20) == 0
            assert silent.recv(100) == b""


@needs_program
@pytest.mark.parametrize("arguments,words", [
    (["--port", "70000"], "--port 70000"),
    (["--speed", "0"], "--speed 0"),
    (["--data", "/dev/null"], "/dev/null is not a folder"),
    (["--host", "192.0.2.1", "--port", "0"], "no address 192.0.2.1"),
])
def test_bad_settings_are_one_sentence(tmp_path, arguments, words):
    result = subprocess.run([PROGRAM, "sandbox", *arguments], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout) == (2, "")
    assert words in result.stderr and len(result.stderr.splitlines()) == 1


@needs_program
def test_a_port_in_use_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = subprocess.run(
            [PROGRAM, "sandbox", "--port", str(port)], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout) == (2, "")
    assert f"Port {port} is in use" in result.stderr and len(result.stderr.splitlines()) == 1


@pytest.mark.skipif(not shutil.which("zbarimg"), reason="zbarimg (zbar-tools) is not installed")
@pytest.mark.parametrize("wallet", ["alipay", "wechatpay", "qqwallet", "unionpay"])
def test_a_scanner_reads_both_pictures(sandbox, tmp_path, wallet):
    for _ in range(10):
        code = sandbox.code(wallet)
        picture = sandbox.control("GET", f"codes/{code}/picture")
        quiet = "0" * 10
        bars = [quiet + picture["code128"] + quiet] * 30
        blank = ["0" * 29] * 4
        matrix = blank + ["0000" + row + "0000" for row in picture["qr"]] + blank
        for kind, rows, scale in [("CODE-128", bars, 3), ("QR-Code", matrix, 6)]:
            wide = ["".join(module * scale for module in row) for row in rows for _ in range(scale)]
            file = tmp_path / f"{kind}.pbm"
            file.write_text(f"P1\n{len(wide[0])} {len(wide)}\n" + "\n".join(" ".join(row) for row in wide) + "\n")
            read = subprocess.run(["zbarimg", "-q", "--nodbus", str(file)], capture_output=True, text=True)
            assert read.stdout.strip() == f"{kind}:{code}"


def test_the_phone_page_needs_nothing_from_elsewhere(sandbox):
    for path in ("/phone", "/phone.css", "/phone.js"):
        answer = requests.get(sandbox.url + path, timeout=10)
        assert answer.status_code == 200
        assert "://" not in answer.text.replace("http://www.w3.org", "")
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
