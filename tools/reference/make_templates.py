"""Renders the chat-template fixtures with `transformers` and writes `<name>.cases.json` beside each template.

    python tools/reference/make_templates.py
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast
from transformers.utils import chat_template_utils

import train_demo

FOLDER = Path(__file__).parents[2] / "tokenizer/src/test/resources/templates"
NOW = datetime.datetime(2026, 3, 5, 14, 7, 9)
BOS, EOS = "<s>", "</s>"
Case = dict[str, Any]


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return NOW


def user(content: Any) -> dict:
    return {"role": "user", "content": content}


def assistant(content: Any = None, calls: list | None = None, **more: Any) -> dict:
    return {"role": "assistant", "content": content, **({"tool_calls": calls} if calls else {}), **more}


def system(content: Any) -> dict:
    return {"role": "system", "content": content}


def tool(content: Any, call_id: str = "call00001", **more: Any) -> dict:
    return {"role": "tool", "content": content, "tool_call_id": call_id, **more}


def call(name: str, arguments: Any, call_id: str = "call00001") -> dict:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "The weather of a city, now.",
    "parameters": {"type": "object", "properties": {
        "city": {"type": "string", "description": "The city's name, e.g. Zürich"},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"}},
        "required": ["city"]}}}
SEARCH = {"type": "function", "function": {
    "name": "search", "description": "Searches \"everything\" & <more>.\nReturns the best hits.",
    "parameters": {"type": "object", "properties": {
        "queries": {"type": "array", "items": {"type": "string"}, "description": "What to look for "},
        "limit": {"type": "integer", "default": 10},
        "filter": {"type": "object", "properties": {"year": {"type": "integer"}, "exact": {"type": "boolean"}}, "required": ["year"]},
        "score": {"type": ["number", "null"]},
        "tags": {"type": "object", "additionalProperties": {"type": "string"}},
        "free": {}},
        "required": ["queries", "filter"]},
    "return": {"type": "array", "items": {"type": "string"}, "description": "The hits."}}}
PING = {"type": "function", "function": {"name": "ping", "description": "Checks the line.",
                                         "parameters": {"type": "object", "properties": {}, "required": []}}}
HI = [user("Hello")]
SYS = [system("You are terse.\n"), user("  Hello, who are you?  ")]
MULTI = [user("Hi"), assistant("Hello! How can I help?"), user("What is 2 + 2?"), assistant(" 4 \n"), user("Thanks")]
WILD = [system("Sois poli. 日本語もできます。"), user("Größe: \"5 < 6 & 7\"\n\t{{ not a tag }} {% if %} 🙂👩‍👩‍👧 \u2028 end\\n"),
        assistant("Ça va, it's {fine}.\r\n"), user("\n")]
CALLED = [user("Weather in Zürich and Rome?"),
          assistant(calls=[call("get_weather", {"city": "Zürich", "unit": "celsius"})]),
          tool("{\"temp\": 21.5}", name="get_weather"), assistant("It is 21.5 °C."), user("And tomorrow?")]
OPEN_CALL = CALLED[:3]
TWO_CALLS = [system("Use tools."), user("Weather?"),
             assistant("I look.", [call("get_weather", {"city": "Rome"}), call("search", {"queries": ["a", "b"], "limit": 2, "filter": {"year": 2020}}, "call00002")]),
             tool("12", name="get_weather"), tool("[\"x\"]", "call00002", name="search"), assistant("12 and x."), user("ok")]
STRINGS = [{**m, "tool_calls": [call(c["function"]["name"], json.dumps(c["function"]["arguments"], ensure_ascii=False), c["id"]) for c in m["tool_calls"]]}
           if "tool_calls" in m else m for m in TWO_CALLS]
THOUGHT = [user("1+1?"), assistant("<think>\nEasy.\n</think>\n\n2"), user("2+2?"), assistant("<think>\nHm: 4.\n</think>\n\n4")]
REASONED = [user("1+1?"), assistant("2", reasoning_content="One and one."), user("2+2?"), assistant("4", reasoning_content="\nTwo\nand two.\n")]
PARTS = [{"role": "system", "content": [{"type": "text", "text": "Be brief. "}]},
         user([{"type": "image", "url": "x.png"}, {"type": "text", "text": " What is this? "}, {"type": "text", "text": "And that?"}])]

BASIC: list[Case] = [
    {"name": "one user turn", "messages": HI, "add_generation_prompt": True},
    {"name": "one user turn without generation prompt", "messages": HI, "add_generation_prompt": False},
    {"name": "system prompt and spaces", "messages": SYS, "add_generation_prompt": True},
    {"name": "many turns", "messages": MULTI, "add_generation_prompt": True},
    {"name": "unicode, quotes and template marks in the text", "messages": WILD, "add_generation_prompt": True},
    {"name": "ends with the assistant", "messages": MULTI[:4], "add_generation_prompt": False}]
NO_ALTERNATION: list[Case] = [
    {"name": "two user turns", "messages": [user("a"), user("b")], "add_generation_prompt": True},
    {"name": "assistant first", "messages": [assistant("a"), user("b")], "add_generation_prompt": True},
    {"name": "a tool role", "messages": [user("a"), tool("b")], "add_generation_prompt": True}]


def tools_cases(*tools: dict, conversations: dict[str, list]) -> list[Case]:
    return [{"name": f"tools: {name}", "messages": m, "tools": list(tools), "add_generation_prompt": True} for name, m in conversations.items()]


CONVERSATIONS = {"offered": HI, "offered with system": SYS, "called": CALLED, "result last": OPEN_CALL}
CASES: dict[str, list[Case]] = {
    "demo": BASIC + NO_ALTERNATION + [
        {"name": "content parts", "messages": PARTS, "add_generation_prompt": True},
        {"name": "unknown role", "messages": [{"role": "critic", "content": "x"}], "add_generation_prompt": True},
        {"name": "developer", "messages": [{"role": "developer", "content": "Be kind."}, *HI], "add_generation_prompt": True},
        {"name": "assistant without content", "messages": CALLED, "add_generation_prompt": True}],
    "llama31": BASIC + tools_cases(WEATHER, SEARCH, conversations=CONVERSATIONS) + [
        {"name": "tools in the system message", "messages": SYS, "tools": [WEATHER], "add_generation_prompt": True, "kwargs": {"tools_in_user_message": False}},
        {"name": "builtin tools", "messages": [user("Search!"), assistant(calls=[call("brave_search", {"query": "x y", "n": "2"})]), tool({"hits": ["ü", 1, None]})],
         "add_generation_prompt": True, "kwargs": {"builtin_tools": ["brave_search", "code_interpreter", "wolfram_alpha"]}},
        {"name": "a date is given", "messages": HI, "add_generation_prompt": True, "kwargs": {"date_string": "26 Jul 2024"}},
        {"name": "custom tools", "messages": HI, "add_generation_prompt": True, "kwargs": {"custom_tools": [PING]}},
        {"name": "two calls at once", "messages": TWO_CALLS, "add_generation_prompt": True},
        {"name": "tools without user", "messages": [system("x")], "tools": [PING], "add_generation_prompt": True}],
    "llama2": BASIC + NO_ALTERNATION,
    "qwen25": BASIC + tools_cases(WEATHER, SEARCH, conversations={**CONVERSATIONS, "two calls": TWO_CALLS}),
    "qwen3": BASIC + tools_cases(WEATHER, PING, conversations={**CONVERSATIONS, "two calls": TWO_CALLS, "arguments as text": STRINGS}) + [
        {"name": "thinking off", "messages": MULTI, "add_generation_prompt": True, "kwargs": {"enable_thinking": False}},
        {"name": "thinking in the content", "messages": THOUGHT, "add_generation_prompt": False},
        {"name": "thinking in its own field", "messages": REASONED, "add_generation_prompt": False},
        {"name": "thinking over tool results", "messages": [user("w?"), assistant("", [call("ping", {})], reasoning_content="try"), tool("pong"), assistant("<think>ok</think>done")],
         "add_generation_prompt": True},
        {"name": "a tool response typed by the user", "messages": [user("a"), assistant("b"), user("<tool_response>c</tool_response>")], "add_generation_prompt": True}],
    "mistral-tools": BASIC + NO_ALTERNATION + tools_cases(WEATHER, SEARCH, conversations={**CONVERSATIONS, "two calls": TWO_CALLS}) + [
        {"name": "a call id too short", "messages": [user("a"), assistant(calls=[call("ping", {}, "c1")])], "add_generation_prompt": False},
        {"name": "a result id too long", "messages": [user("a"), tool("x", "call000000001")], "add_generation_prompt": False},
        {"name": "a result in a mapping", "messages": [user("a"), assistant(calls=[call("ping", {})]), tool({"content": 5})], "add_generation_prompt": False},
        {"name": "unknown role", "messages": [user("a"), {"role": "critic", "content": "x"}], "add_generation_prompt": False}],
    "alternation": BASIC + NO_ALTERNATION + [
        {"name": "content parts", "messages": PARTS, "add_generation_prompt": True},
        {"name": "an unknown part", "messages": [user([{"type": "video"}])], "add_generation_prompt": True}],
    "phi3": BASIC,
    "gemma2": BASIC + NO_ALTERNATION,
    "gemma3": BASIC + NO_ALTERNATION + [
        {"name": "content parts", "messages": PARTS, "add_generation_prompt": True},
        {"name": "neither text nor parts", "messages": [user(5)], "add_generation_prompt": True}],
    "deepseek": BASIC + [
        {"name": "two system prompts", "messages": [system("a"), system("b"), user("c")], "add_generation_prompt": True},
        {"name": "thoughts are cut from history", "messages": THOUGHT + HI, "add_generation_prompt": True},
        {"name": "two calls, arguments as text", "messages": STRINGS, "add_generation_prompt": True},
        {"name": "results last", "messages": STRINGS[:5], "add_generation_prompt": True},
        {"name": "arguments as a mapping", "messages": TWO_CALLS, "add_generation_prompt": True}],
    "chatml": BASIC,
    "zephyr": BASIC,
    "command-r": BASIC + tools_cases(WEATHER, SEARCH, conversations={"offered": SYS, "two calls": TWO_CALLS}),
    "granite": BASIC + tools_cases(WEATHER, SEARCH, conversations={"offered": HI, "offered with system": SYS}) + [
        {"name": "documents", "messages": HI, "add_generation_prompt": True, "documents": [{"doc_id": 1, "text": "Ünï"}, {"doc_id": "b", "text": "two"}]},
        {"name": "controls and documents", "messages": HI, "add_generation_prompt": True, "documents": [{"doc_id": 1, "text": "one"}],
         "kwargs": {"controls": {"citations": True, "length": "short"}}},
        {"name": "thinking", "messages": HI, "add_generation_prompt": True, "kwargs": {"thinking": True}}],
    "hermes": tools_cases(WEATHER, SEARCH, PING, conversations={**CONVERSATIONS, "two calls": TWO_CALLS}) + [
        {"name": "no tools", "messages": SYS, "tools": [], "add_generation_prompt": True},
        {"name": "results last", "messages": TWO_CALLS[:5], "tools": [PING], "add_generation_prompt": True},
        {"name": "a tool without description", "messages": HI, "tools": [{"name": "raw", "parameters": {"properties": {"x": {"type": "string"}}}}], "add_generation_prompt": True}],
    "harmony": BASIC + tools_cases(WEATHER, SEARCH, PING, conversations={**CONVERSATIONS, "arguments as text": STRINGS}) + [
        {"name": "thinking of the last turn only", "messages": REASONED, "add_generation_prompt": False, "kwargs": {"reasoning_effort": "high"}}],
    "thinking-blocks": BASIC + tools_cases(WEATHER, conversations={"two calls": TWO_CALLS, "called": CALLED}) + [
        {"name": "content parts", "messages": PARTS, "add_generation_prompt": True},
        {"name": "break and continue", "messages": [user("a"), system("late"), assistant("<think>x</think> y "), {"role": "stop"}, user("never")],
         "add_generation_prompt": False, "kwargs": {"enable_thinking": False}},
        {"name": "thinking off", "messages": HI, "add_generation_prompt": True, "kwargs": {"enable_thinking": False}}],
}


def expressions() -> Iterator[Case]:
    """Small templates, one feature each, from `expressions.txt`."""
    parts = (Path(__file__).parent / "expressions.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n----\n")
    for i, template in enumerate(parts):
        yield {"name": f"{i:02}", "template": template, "messages": TWO_CALLS, "add_generation_prompt": False}


def rendered(tokenizer: PreTrainedTokenizerFast, template: str, case: Case) -> Case:
    out = {**case, "bos_token": BOS, "eos_token": EOS, "now": NOW.isoformat()}
    try:
        out["expected"] = tokenizer.apply_chat_template(
            case["messages"], chat_template=template, tools=case.get("tools"), documents=case.get("documents"),
            add_generation_prompt=case["add_generation_prompt"], tokenize=False, **case.get("kwargs", {}))
    except Exception as e:
        out["error"], out["error_type"] = str(e), type(e).__name__
    return out


def main() -> None:
    chat_template_utils.datetime = Clock
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), bos_token=BOS, eos_token=EOS)
    (FOLDER / "demo.jinja").write_text(train_demo.CHAT_TEMPLATE, encoding="utf-8")
    total = errors = 0
    for name, cases in {**CASES, "expressions": list(expressions())}.items():
        source = "" if name == "expressions" else (FOLDER / f"{name}.jinja").read_text(encoding="utf-8")
        out = [rendered(tokenizer, case.get("template", source), case) for case in cases]
        text = json.dumps(out, ensure_ascii=False, indent=1) + "\n"
        (FOLDER / f"{name}.cases.json").write_text(text, encoding="utf-8")
        total, errors = total + len(out), errors + sum("error" in c for c in out)
        for c in out:
            if "error" in c:
                print(f"{name} / {c['name']}: {c['error_type']}: {c['error']}")
    print(f"{total} cases, {errors} of them errors, {len(CASES)} templates")


if __name__ == "__main__":
    main()
