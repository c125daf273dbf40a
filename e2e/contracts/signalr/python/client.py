"""pysignalr against the example server, in both protocols. Numbers are sections of docs/contracts/signalr.md."""

import asyncio
import sys

from pysignalr.client import SignalRClient
from pysignalr.protocol.json import JSONProtocol
from pysignalr.protocol.messagepack import MessagepackProtocol

WITHIN = 20


async def calls(client: SignalRClient) -> None:
    """9: calls return what methods return, and events arrive."""
    returned = asyncio.get_running_loop().create_future()

    async def completed(message) -> None:
        returned.set_result(message)

    heard = asyncio.get_running_loop().create_future()

    async def on_message(arguments) -> None:
        heard.set_result(arguments)

    client.on("Message", on_message)
    await client.send("Echo", ["grüße, 世界 🎉"], completed)
    answer = await asyncio.wait_for(returned, WITHIN)
    assert answer.result == "grüße, 世界 🎉" and not answer.error, answer
    await client.send("InvokeWithString", ["to myself"])
    assert await asyncio.wait_for(heard, WITHIN) == ["to myself"]


async def errors(client: SignalRClient) -> None:
    """9: errors have the texts that users know."""
    returned = asyncio.get_running_loop().create_future()

    async def completed(message) -> None:
        returned.set_result(message)

    client.on_error(completed)
    await client.send("ThrowHubException", ["no"], completed)
    answer = await asyncio.wait_for(returned, WITHIN)
    expected = "An unexpected error occurred invoking 'ThrowHubException' on the server. HubException: no"
    assert answer.error == expected, answer


async def streams(client: SignalRClient) -> None:
    """10: streams go both ways."""
    items = []
    ended = asyncio.get_running_loop().create_future()

    async def on_next(item) -> None:
        items.append(item)

    async def on_complete(message) -> None:
        ended.set_result(message)

    await client.stream("Stream", [], on_next, on_complete)
    await asyncio.wait_for(ended, WITHIN)
    assert items == ["a", "b", "c"], items


async def uploads(client: SignalRClient) -> None:
    """10: items go up while a call runs; this client never learns the result."""
    async with client.client_stream("StreamingConcat") as upload:
        for letter in "abc":
            await upload.send(letter)


async def asked(client: SignalRClient) -> None:
    """11: the server asks the client."""
    returned = asyncio.get_running_loop().create_future()

    async def answer(arguments):
        return arguments[0] * 2

    async def completed(message) -> None:
        returned.set_result(message)

    client.on("Ask", answer)
    await client.send("AskClient", [21], completed)
    message = await asyncio.wait_for(returned, WITHIN)
    assert message.result == 42, message


async def check(url: str, protocol, scenario) -> None:
    client = SignalRClient(f"{url}/testhub", protocol=protocol, retry_count=1)
    opened = asyncio.Event()

    async def on_open() -> None:
        opened.set()

    client.on_open(on_open)
    running = asyncio.create_task(client.run())
    await asyncio.wait_for(opened.wait(), WITHIN)
    await scenario(client)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def main(url: str) -> int:
    failures = 0
    for protocol in (JSONProtocol, MessagepackProtocol):
        for scenario in (calls, errors, streams, uploads, asked):
            try:
                await check(url, protocol(), scenario)
                print(f"ok      {protocol.__name__} {scenario.__name__}")
            except Exception as error:
                failures += 1
                print(f"FAILED  {protocol.__name__} {scenario.__name__}: {error!r}")
    return failures


sys.exit(asyncio.run(main(sys.argv[1])) > 0)
