# Part of Tillbridge. See LICENSE.
"""The fault proxy does what its faults are called."""

import asyncio
import contextlib

import pytest
from links import Link, Trigger


class Echo:
    """A part that answers every piece, and remembers what it got."""

    def __init__(self):
        self.got = b""

    async def serve(self, reader, writer):
        with contextlib.suppress(OSError):
            while piece := await reader.read(1000):
                self.got += piece
                writer.write(b"re:" + piece)
                await writer.drain()
        writer.close()


def play(scene):
    async def run():
        echo = Echo()
        server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
        link = Link("a-b", "a-b", server.sockets[0].getsockname()[1])
        await link.open()
        try:
            await asyncio.wait_for(scene(link, echo), 20)
        finally:
            link.close()
            server.close()
    asyncio.run(run())


async def connect(link):
    return await asyncio.open_connection("127.0.0.1", link.port)


async def silent(reader, seconds=0.15):
    try:
        return await asyncio.wait_for(reader.read(100), seconds) is None
    except TimeoutError:
        return True


def test_bytes_pass_unchanged_and_sliced():
    async def scene(link, echo):
        reader, writer = await connect(link)
        for size in (0, 1, 7):
            link.slice = size
            start = len(echo.got)
            writer.write(b"hello")
            while len(echo.got) < start + 5:
                assert await reader.read(100)
            assert echo.got[start:] == b"hello"
    play(scene)


@pytest.mark.parametrize("upwards", [True, False])
@pytest.mark.parametrize("deliver", [True, False])
def test_one_direction_is_lost_and_what_was_sent_arrives_late_or_never(upwards, deliver):
    async def scene(link, echo):
        reader, writer = await connect(link)
        writer.write(b"1")
        assert await reader.readexactly(4) == b"re:1"
        link.lose(upwards)
        writer.write(b"2")
        assert await silent(reader)
        assert echo.got == (b"1" if upwards else b"12")
        await link.heal(deliver)
        if deliver:
            assert await asyncio.wait_for(reader.readexactly(4), 2) == b"re:2"
        else:
            with pytest.raises(OSError):
                if await reader.read(10) == b"":
                    raise ConnectionResetError
        reader, writer = await connect(link)
        writer.write(b"3")
        assert await reader.readexactly(4) == b"re:3"
    play(scene)


def test_reset_after_the_request_was_written():
    async def scene(link, echo):
        reader, writer = await connect(link)
        link.triggers.append(Trigger(True, lambda chunk, _: b"pay" in chunk, then="reset"))
        writer.write(b"query")
        assert await reader.readexactly(8) == b"re:query"
        writer.write(b"pay")
        with pytest.raises(ConnectionResetError):
            while await reader.read(10):
                pass
            raise ConnectionResetError
        await asyncio.sleep(0.05)
        assert echo.got == b"querypay"
    play(scene)


def test_the_request_arrives_and_its_reply_is_swallowed():
    async def scene(link, echo):
        reader, writer = await connect(link)
        link.triggers.append(Trigger(True, lambda chunk, _: b"pay" in chunk, then="mute"))
        writer.write(b"pay")
        assert await silent(reader)
        assert echo.got == b"pay"
    play(scene)


def test_a_request_is_lost_and_a_trigger_strikes_once():
    async def scene(link, echo):
        reader, writer = await connect(link)
        seen = []
        trigger = Trigger(True, lambda chunk, _: True, before=lambda connection: seen.append(connection),
                          forward=False)
        link.triggers.append(trigger)
        writer.write(b"pay")
        await asyncio.wait_for(trigger.struck.wait(), 2)
        writer.write(b"again")
        assert await reader.readexactly(8) == b"re:again"
        assert len(seen) == 1
        assert echo.got == b"again"
    play(scene)


def test_a_shut_link_refuses_and_opens_on_the_same_port():
    async def scene(link, echo):
        port = link.port
        link.shut()
        with pytest.raises(ConnectionRefusedError):
            await connect(link)
        await link.open()
        assert link.port == port
        reader, writer = await connect(link)
        writer.write(b"1")
        assert await reader.readexactly(4) == b"re:1"
    play(scene)
