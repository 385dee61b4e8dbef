#!/usr/bin/env python3
"""Draws docs/kill.svg from a real run: a stream is read, its decode worker gets kill -9, the stream goes on.

    ./baton up --decode 2 --detach && tools/picture/kill.py && ./baton down

Also asks the same question undisturbed and fails when the two texts differ. Needs Python 3 and nothing else.
"""
import html
import json
import os
import re
import signal
import subprocess
import textwrap
import time
import urllib.request
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
KILL_AFTER = 90
QUESTION = "Tell me a long story"
COLUMNS = 92


def parts():
    """Name to (pid, management port), as ./baton status lists them."""
    lines = subprocess.run([HOME / "baton", "status"], capture_output=True, text=True, check=False).stdout
    rows = re.findall(r"^  (\S+)\s+\w+\s+(\d+)\s+.*?(\d+|-)$", lines, re.M)
    return {name: (int(pid), port) for name, pid, port in rows}, re.search(r"http://\S+", lines).group()


def operator():
    """The header that lets the local operator in."""
    key = re.search(r"^operator\.key=(.*)$", (HOME / ".baton/credentials").read_text(), re.M).group(1)
    return {"Authorization": "Bearer " + key}


def busy(workers):
    """The decode worker with a sequence in its batch."""
    for name, (pid, port) in workers.items():
        if name.startswith("decode"):
            ask_pool = urllib.request.Request(f"http://127.0.0.1:{port}/actuator/pool", headers=operator())
            with urllib.request.urlopen(ask_pool, timeout=5) as pool:
                if json.load(pool)["running"] > 0:
                    return name, pid
    raise SystemExit("no decode worker is busy: start with --decode 2")


def ask(url, on_piece):
    """Streams the answer; returns its pieces and when each came."""
    body = {"model": "demo", "stream": True, "temperature": 0,
            "messages": [{"role": "user", "content": QUESTION}]}
    request = urllib.request.Request(url + "/v1/chat/completions", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    pieces, times = [], []
    with urllib.request.urlopen(request, timeout=60) as stream:
        for line in stream:
            if line.startswith(b"data: {"):
                for choice in json.loads(line[6:])["choices"]:
                    if text := choice.get("delta", {}).get("content"):
                        pieces.append(text)
                        times.append(time.monotonic())
                        on_piece(len(pieces))
    return pieces, times


def draw(before, after, worker, gap, same):
    """Three parts of text in a terminal's frame."""
    def wrap(text):
        return textwrap.wrap(re.sub(r"\s+", " ", text), COLUMNS)
    lines = [("p", f'$ curl -N …/v1/chat/completions -d \'{{"stream":true,"messages":[… "{QUESTION}"]}}\'')]
    lines += [("t", line) for line in wrap(before)[-5:]]
    lines += [("k", f"── kill -9 {worker} ── the next token came {gap} ms later, from the KV that it left ──")]
    lines += [("a", line) for line in wrap(after)[:5]]
    lines += [("p", f"… to the end: the same text, to the letter, as without the kill ({same} pieces compared)")]
    colours = {"p": "#8b949e", "t": "#c9d1d9", "k": "#ff7b72", "a": "#7ee787"}
    height = 24 * len(lines) + 28
    rows = "\n".join(
        f'<text x="18" y="{32 + 24 * i}" fill="{colours[kind]}">{html.escape(line)}</text>'
        for i, (kind, line) in enumerate(lines))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 {height}" font-family="ui-monospace, Menlo, '
            f'Consolas, monospace" font-size="14"><rect width="860" height="{height}" rx="8" fill="#0d1117"/>\n'
            f'{rows}\n</svg>\n')


def main():
    workers, url = parts()
    undisturbed, _ = ask(url, lambda count: None)
    killed = {}

    def kill(count):
        if count == KILL_AFTER:
            killed["name"], pid = busy(workers)
            os.kill(pid, signal.SIGKILL)
            killed["at"] = time.monotonic()

    pieces, times = ask(url, kill)
    if pieces and "".join(pieces) != "".join(undisturbed):
        raise SystemExit("the text changed")
    later = [at for at in times if at > killed["at"]]
    gaps = [b - a for a, b in zip([killed["at"]] + later, later)]
    first = max(range(len(gaps)), key=gaps.__getitem__) + len(times) - len(later)
    picture = draw("".join(pieces[:first]), "".join(pieces[first:]), killed["name"],
                   round(1000 * max(gaps)), len(pieces))
    (HOME / "docs" / "kill.svg").write_text(picture)
    print(f"docs/kill.svg: {killed['name']} died, longest gap {1000 * max(gaps):.0f} ms, {len(pieces)} pieces the same")


if __name__ == "__main__":
    main()
