"""python-socketio against the example server, over both transports. Numbers are sections of docs/contracts/socketio.md."""

import asyncio
import sys

import socketio

WITHIN = 20


async def connected(url: str, transports: list[str]) -> socketio.AsyncClient:
    client = socketio.AsyncClient(reconnection=False)
    heard = asyncio.get_running_loop().create_future()
    client.on("auth", lambda auth: heard.set_result(auth))
    await client.connect(url, auth={"token": "123"}, transports=transports, namespaces=["/", "/custom"])
    assert await asyncio.wait_for(heard, WITHIN) == {"token": "123"}
    return client


async def events(client: socketio.AsyncClient) -> None:
    """6 and 7: text, JSON and bytes go there and back."""
    heard = asyncio.get_running_loop().create_future()
    client.on("message-back", lambda *args: heard.set_result(args))
    sent = (1, "grüße, 世界 🎉", {"a": [True, None, 1.5]}, b"\x01\x02\x03")
    await client.emit("message", sent)
    assert await asyncio.wait_for(heard, WITHIN) == sent


async def acknowledgements(client: socketio.AsyncClient) -> None:
    """6: acknowledgements both ways, and in another namespace."""
    assert await client.call("message-with-ack", b"\x09", timeout=WITHIN) == b"\x09"
    assert await client.call("message-with-ack", {"a": 1}, namespace="/custom", timeout=WITHIN) == {"a": 1}
    client.on("question", lambda number: number * 2)
    assert await client.call("ask", 21, timeout=WITHIN) == 42


async def rooms(client: socketio.AsyncClient, url: str, transports: list[str]) -> None:
    """8: a room hears what is told to it, and in order."""
    other = await connected(url, transports)
    heard = []
    done = asyncio.Event()

    def on_told(value) -> None:
        heard.append(value)
        if value == 99:
            done.set()

    other.on("told", on_told)
    room = "python " + " ".join(transports)
    await other.call("join", room, timeout=WITHIN)
    for number in range(100):
        await client.emit("tell", (room, number))
    await asyncio.wait_for(done.wait(), WITHIN)
    assert heard == list(range(100)), heard
    await other.disconnect()


async def main(url: str) -> None:
    for transports in (["polling"], ["websocket"], ["polling", "websocket"]):
        client = await connected(url, transports)
        await events(client)
        await acknowledgements(client)
        await rooms(client, url, transports)
        await client.disconnect()
        print("ok", ", ".join(transports))


asyncio.run(main(sys.argv[1]))
