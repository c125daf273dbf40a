#!/usr/bin/env python3
"""Runs the providers' own clients against the fake. See README.md for how."""

import os
import signal
import subprocess
import sys

import anthropic
import openai

HELLO = [{"role": "user", "content": "Where is my parcel, please?"}]
TEXT = HELLO[0]["content"]
TOKENS = -(-len(TEXT) // 4)


def speak_to_anthropic(url):
    client = anthropic.Anthropic(base_url=url, api_key="right", max_retries=0)
    ask = {"model": "claude-sonnet-4-6", "max_tokens": 100, "messages": HELLO}

    message = client.messages.create(**ask, system="Be kind")
    assert message.content[0].text == TEXT and message.stop_reason == "end_turn", message
    assert (message.usage.input_tokens, message.usage.output_tokens) == (TOKENS + 2, TOKENS), message.usage
    print("anthropic whole:", message.id, message.usage.to_json(indent=None))

    kinds = []
    with client.messages.stream(**ask) as stream:
        for event in stream:
            kinds.append(event.type)
        final = stream.get_final_message()
    assert final.content[0].text == TEXT and final.usage.output_tokens == TOKENS, final
    assert kinds[0] == "message_start" and kinds[-1] == "message_stop", kinds
    print("anthropic stream:", len(kinds), "events", final.stop_reason)

    assert client.models.list().data[0].type == "model"
    for refused, call in [
        (anthropic.BadRequestError, lambda: client.messages.create(**{**ask, "messages": []})),
        (anthropic.BadRequestError, lambda: client.messages.create(**ask, extra_body={"n": 2})),
        (anthropic.AuthenticationError, lambda: client.with_options(api_key="wrong").messages.create(**ask)),
    ]:
        expect(refused, call)


def speak_to_openai(url):
    client = openai.OpenAI(base_url=url, api_key="right", max_retries=0)
    ask = {"model": "gpt-5-mini", "messages": HELLO}

    completion = client.chat.completions.create(**ask, max_completion_tokens=100)
    choice = completion.choices[0]
    assert choice.message.content == TEXT and choice.finish_reason == "stop", completion
    assert completion.usage.total_tokens == 2 * TOKENS, completion.usage
    print("openai whole:", completion.id, completion.usage.to_json(indent=None))

    chunks = list(client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}))
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == TEXT and chunks[-1].usage.completion_tokens == TOKENS, chunks
    print("openai stream:", len(chunks), "chunks")

    assert client.models.list().data[0].object == "model"
    for refused, call in [
        (openai.BadRequestError, lambda: client.chat.completions.create(**ask, max_tokens=5)),
        (openai.BadRequestError, lambda: client.chat.completions.create(**{**ask, "messages": []})),
        (openai.AuthenticationError, lambda: client.with_options(api_key="wrong").chat.completions.create(**ask)),
    ]:
        expect(refused, call)


def expect(refused, call):
    try:
        call()
    except refused as e:
        print(" refused as it should be:", type(e).__name__, e.status_code, e.message)
    else:
        raise AssertionError(f"{refused.__name__} was expected")


def main(fake):
    server = subprocess.Popen(
        [fake, "--listen", "127.0.0.1:0", "--key", "right"], stdout=subprocess.PIPE, text=True
    )
    try:
        urls = [server.stdout.readline().split()[-1] for _ in range(2)]
        os.environ["NO_PROXY"] = "127.0.0.1"
        speak_to_anthropic(urls[0])
        speak_to_openai(urls[1])
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(5) == 0


if __name__ == "__main__":
    main(sys.argv[1])
