"""The official Python client against a running gateway: python check.py http://127.0.0.1:8080/v1"""

import json
import sys

import openai
from openai import OpenAI

QUESTION = [{"role": "user", "content": "What is the capital of France?"}]
ANSWER = "The capital of France is Paris."
TOOL = {
    "name": "weather",
    "parameters": {
        "type": "object",
        "properties": {"city": {"enum": ["Paris", "Rome"]}},
        "required": ["city"],
        "additionalProperties": False,
    },
}
SCHEMA = {
    "type": "object",
    "properties": {"city": {"enum": ["Paris", "Rome"]}, "big": {"type": "boolean"}},
    "required": ["city", "big"],
    "additionalProperties": False,
}

client = OpenAI(base_url=sys.argv[1], api_key="none", max_retries=2)
chat = client.chat.completions


def whole():
    answer = chat.create(model="demo", messages=QUESTION, temperature=0)
    assert answer.choices[0].message.content == ANSWER, answer
    assert answer.choices[0].finish_reason == "stop", answer
    assert answer.usage.prompt_tokens == 16, answer


def streamed():
    stream = chat.create(
        model="demo", messages=QUESTION, temperature=0, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == ANSWER, chunks
    assert chunks[-1].usage.prompt_tokens == 16, chunks[-1]


def helper_stream():
    with chat.stream(model="demo", messages=QUESTION, temperature=0) as stream:
        stream.until_done()
        assert stream.get_final_completion().choices[0].message.content == ANSWER


def tools():
    tool = {"type": "function", "function": TOOL}
    answer = chat.create(model="demo", messages=QUESTION, tools=[tool], tool_choice="required", temperature=0)
    call = answer.choices[0].message.tool_calls[0]
    assert json.loads(call.function.arguments)["city"] in ("Paris", "Rome"), answer
    assert answer.choices[0].finish_reason == "tool_calls", answer
    stream = chat.create(
        model="demo", messages=QUESTION, tools=[tool], tool_choice="required", temperature=0, stream=True
    )
    pieces = [t for c in stream for t in (c.choices[0].delta.tool_calls or [])]
    assert pieces[0].function.name == "weather" and pieces[0].id, pieces
    first = "".join(p.function.arguments or "" for p in pieces if p.index == 0)
    assert json.loads(first) == json.loads(call.function.arguments), pieces


def schema():
    answer = chat.create(
        model="demo",
        messages=QUESTION,
        temperature=0,
        response_format={"type": "json_schema", "json_schema": {"name": "town", "strict": True, "schema": SCHEMA}},
    )
    assert set(json.loads(answer.choices[0].message.content)) == {"city", "big"}, answer


def completions():
    answer = client.completions.create(
        model="demo", prompt="Once upon a time", max_tokens=3, temperature=0, echo=True, logprobs=1
    )
    choice = answer.choices[0]
    assert choice.text.startswith("Once upon a time"), answer
    assert choice.logprobs.token_logprobs[0] is None and all(p <= 0 for p in choice.logprobs.token_logprobs[1:]), answer
    assert len(choice.logprobs.tokens) == answer.usage.total_tokens, answer


def responses():
    answer = client.responses.create(model="demo", input=QUESTION, temperature=0, store=False)
    assert answer.output_text == ANSWER and answer.status == "completed", answer
    assert answer.usage.input_tokens == 16, answer
    cut = client.responses.create(model="demo", input=QUESTION, temperature=0, max_output_tokens=2)
    assert cut.status == "incomplete" and cut.incomplete_details.reason == "max_output_tokens", cut
    parsed = client.responses.create(
        model="demo",
        input="Where is Paris?",
        text={"format": {"type": "json_schema", "name": "town", "schema": SCHEMA, "strict": True}},
        temperature=0,
    )
    assert set(json.loads(parsed.output_text)) == {"city", "big"}, parsed


def streamed_responses():
    with client.responses.stream(model="demo", input=QUESTION, temperature=0) as stream:
        text = "".join(e.delta for e in stream if e.type == "response.output_text.delta")
        final = stream.get_final_response()
    assert text == ANSWER and final.output_text == ANSWER, final
    tool = {"type": "function", **TOOL}
    with client.responses.stream(
        model="demo", input=QUESTION, tools=[tool], tool_choice="required", temperature=0
    ) as stream:
        events = list(stream)
        call = stream.get_final_response().output[0]
    assert call.type == "function_call" and json.loads(call.arguments)["city"], call
    deltas = "".join(
        e.delta for e in events if e.type == "response.function_call_arguments.delta" and e.output_index == 0
    )
    assert deltas == call.arguments, events
    again = client.responses.create(
        model="demo",
        input=QUESTION
        + [call.to_dict(), {"type": "function_call_output", "call_id": call.call_id, "output": "It rains."}],
        max_output_tokens=4,
    )
    assert again.usage.output_tokens > 0, again


def errors():
    sent = []
    counted = OpenAI(base_url=sys.argv[1], api_key="none", max_retries=2)
    send = counted._client.send
    counted._client.send = lambda request, **more: (sent.append(request), send(request, **more))[1]
    for kind, call in (
        (openai.NotFoundError, lambda: counted.chat.completions.create(model="other", messages=QUESTION)),
        (openai.BadRequestError, lambda: counted.chat.completions.create(model="demo", messages=[])),
        (openai.BadRequestError, lambda: counted.responses.create(model="demo", input="a", previous_response_id="b")),
    ):
        sent.clear()
        try:
            call()
            raise AssertionError("accepted")
        except kind as e:
            assert e.code and e.message, e
        assert len(sent) == 1, "what cannot succeed was tried again"


def models():
    assert [m.id for m in client.models.list()] == ["demo"]


for check in (whole, streamed, helper_stream, tools, schema, completions, responses, streamed_responses, errors, models):
    check()
    print("ok", check.__name__, flush=True)
