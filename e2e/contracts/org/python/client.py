"""python-socketio against the org door: a visitor's native client. Its handlers take exactly the guide's one payload."""

import asyncio
import sys

import socketio

WITHIN = 30


async def visit(url: str, transports: list[str], conversation_id: str, external_id: str) -> None:
    client = socketio.AsyncClient(reconnection=False)
    heard: asyncio.Queue = asyncio.Queue()
    refused: asyncio.Queue = asyncio.Queue()
    client.on("message_received", lambda message: heard.put_nowait(message))
    client.on("error", lambda error: refused.put_nowait(error))
    await client.connect(url, transports=transports)
    who = {"conversation_id": conversation_id, "external_id": external_id}
    joined = await client.call("join_conversation", who, timeout=WITHIN)
    assert joined == {"conversation_id": conversation_id, "messages": [], "recovered": True}, joined
    text = "over " + ", ".join(transports)
    # As in the guide: nothing is asked to be acknowledged.
    await client.emit("send_message", {**who, "content": text, "content_type": "text", "sender_type": "end_user"})
    message = await asyncio.wait_for(heard.get(), WITHIN)
    assert (message["content"], message["sender_id"]) == (text, external_id), message
    await client.emit("send_message", {**who, "content": text, "sender_type": "agent"})
    assert await asyncio.wait_for(refused.get(), WITHIN) == {"message": "Sign in first."}
    await client.disconnect()
    print("ok", *transports)


async def main(url: str, conversation_id: str, external_id: str) -> None:
    for transports in (["polling"], ["websocket"], ["polling", "websocket"]):
        await visit(url, transports, conversation_id, external_id)


asyncio.run(main(*sys.argv[1:]))
