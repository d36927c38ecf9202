# Part of Tillbridge. See LICENSE.
"""HTTP/1.1 as a register and a wallet's operator need it: one call, one connection, and no answer is told apart from
every answer."""

import asyncio
import json


class NoAnswer(Exception):
    """Nobody knows what became of the call."""


async def call(address, method, path, body=None, headers=(), seconds=10.0, host=None, on_written=None):
    """Status and decoded JSON.

    `host`: the Host header, where the connection goes through something in between.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _call(address, method, path, body, headers, host, on_written)
    except TimeoutError:
        raise NoAnswer("time-out") from None
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, IndexError) as error:
        raise NoAnswer(f"{type(error).__name__}: {error}"[:120]) from None


async def _call(address, method, path, body, headers, host, on_written):
    data = b"" if body is None else json.dumps(body).encode()
    reader, writer = await asyncio.open_connection(*address)
    try:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host or '%s:%d' % address}", "Connection: close"]
        if method != "GET":
            lines += ["Content-Type: application/json", f"Content-Length: {len(data)}"]
        lines += [f"{name}: {value}" for name, value in headers]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
        await writer.drain()
        if on_written:
            on_written()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split()[1])
        fields = {}
        for line in head[1:]:
            name, _, value = line.partition(":")
            fields[name.strip().lower()] = value.strip()
        if "chunked" in fields.get("transfer-encoding", ""):
            content = b""
            while size := int((await reader.readline()).split(b";")[0], 16):
                content += (await reader.readexactly(size + 2))[:-2]
        elif "content-length" in fields:
            content = await reader.readexactly(int(fields["content-length"]))
        else:
            content = await reader.read()
        return status, json.loads(content) if content else None
    finally:
        writer.close()
