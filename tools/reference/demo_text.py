"""The text of the demo model: a seeded grammar of tales, small talk, sums, questions, counting and JSON.

Everything the demo model has ever read comes from here. `documents(seed)` yields training text,
`held_out(n)` yields text from a seed that training never uses.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random

from demo_words import (
    ABOUTS, ADJECTIVES, ASKS, CAPITALS, COLOURS, DAYS, DOINGS, FACTS, FEELINGS, KINDS, LEGS, MONTHS, NAMES,
    OPPOSITES, PLACES, SOUNDS, SYSTEMS, TALK, THINGS, TOPICS, UNKNOWN, WEATHER)

BOS, EOS, PAD = "<|bos|>", "<|eos|>", "<|pad|>"
SYSTEM, USER, ASSISTANT, TOOL, END = "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>", "<|end|>"
SPECIAL_TOKENS = [BOS, EOS, PAD, SYSTEM, USER, ASSISTANT, TOOL, END]
HELD_OUT_SEED = 9_000_001
Turn = tuple[str, str]


def article(noun: str) -> str:
    return ("an " if noun[0] in "aeiou" else "a ") + noun


def skewed(rng: Random, items: list | tuple):
    """An early item more often than a late one, so that greedy decoding has a clear favourite."""
    return items[min(int(rng.expovariate(2.5 / len(items))), len(items) - 1)]


def made_up(rng: Random) -> str:
    return "".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(rng.randint(2, 3)))


def any_name(rng: Random) -> str:
    return rng.choice(NAMES) if rng.random() < 0.7 else made_up(rng).capitalize()


def any_kind(rng: Random) -> str:
    return rng.choice(KINDS) if rng.random() < 0.9 else made_up(rng)


def typed(rng: Random, text: str) -> str:
    """The text as a hurried user might type it."""
    draw = rng.random()
    if draw < 0.12:
        text = text.lower()
    elif draw < 0.22:
        text = text.rstrip(".?!")
    elif draw < 0.32:
        text = text.lower().rstrip(".?!")
    elif draw < 0.36:
        text = "Please " + text[0].lower() + text[1:]
    elif draw < 0.40:
        text = text.rstrip(".?!") + ", please."
    return text


class Cast:
    """Who and what a tale is about."""

    def __init__(self, rng: Random, kind: str, name: str | None = None):
        self.kind, self.name = kind, name or skewed(rng, NAMES[:12])
        self.adjective, self.place = skewed(rng, ADJECTIVES), skewed(rng, PLACES)
        self.thing, self.feeling = skewed(rng, THINGS), skewed(rng, FEELINGS)
        self.friend_kind = skewed(rng, [k for k in KINDS[:8] if k != kind])
        self.friend = skewed(rng, [n for n in NAMES[12:24] if n != self.name])


EPISODES: list[Callable[[Cast], str]] = [
    lambda c: f"{c.name} found {article(c.thing)} under a stone. \"Whose is this?\" asked {c.name}. "
              f"Nobody knew, so {c.name} took the {c.thing} along and went on.",
    lambda c: f"On the way {c.name} met {article(c.friend_kind)} named {c.friend}. \"May I come with you?\" asked {c.friend}. "
              f"\"Yes,\" said {c.name}, and they walked on together.",
    lambda c: f"Soon they came to a deep river. There was no bridge, but {c.friend} saw an old boat. "
              f"{c.name} and {c.friend} rowed across and laughed all the way.",
    lambda c: f"Then it grew dark and the wind began to blow. {c.name} was afraid, but {c.friend} sang a song. "
              f"After a while the wind was still and the stars came out.",
    lambda c: f"In a cave they heard a strange sound. It was a small dragon that could not sleep. "
              f"{c.name} told it a story, and soon the dragon was asleep.",
    lambda c: f"The next day they were hungry. {c.friend} found sweet berries, and {c.name} found fresh water. "
              f"They ate and drank, and then they rested in the sun.",
    lambda c: f"At the top of the hill stood a tall tower with a locked door. \"Let us try the {c.thing},\" said {c.friend}. "
              f"The door opened, and behind it was a garden full of flowers.",
    lambda c: f"An old woman sat by the road and asked for help. {c.name} carried her basket to the village. "
              f"\"Thank you,\" she said, \"you have a good heart.\"",
    lambda c: f"Suddenly {c.friend} fell into a hole. {c.name} took a long rope and pulled with all strength. "
              f"\"You saved me,\" said {c.friend}, and they were both glad.",
    lambda c: f"They came to a market where everyone was dancing. {c.name} danced too, and {c.friend} played a drum. "
              f"It was the best day of the whole journey.",
]


def opening(c: Cast) -> str:
    return f"Once upon a time there was {article(c.adjective)} {c.kind} named {c.name} who lived {c.place}."


def closing(c: Cast) -> str:
    return f"In the end {c.name} came home, {c.feeling} and wiser than before. The end."


def tale(rng: Random, kind: str, name: str | None = None) -> str:
    c = Cast(rng, kind, name)
    start = f"One {skewed(rng, WEATHER)} {c.name} set out to see the world."
    middle = [EPISODES[i](c) for i in (0, 1, skewed(rng, range(2, len(EPISODES))))]
    return " ".join([opening(c), start, *middle[: rng.choice((2, 3, 3))], closing(c)])


def long_tale(rng: Random, kind: str, chapters: int) -> str:
    """Chapters of one episode each; the episodes keep their order so that a greedy reader never loops."""
    c = Cast(rng, kind)
    parts = [f"The Journey of {c.name} the {c.kind.capitalize()}"]
    for number in range(1, chapters + 1):
        lead = opening(c) + " " if number == 1 else f"Day {number} of the journey began. "
        parts.append(f"Chapter {number}\n{lead}{EPISODES[(number - 1) % len(EPISODES)](c)}")
    return "\n\n".join([*parts, closing(c)])


def talk(rng: Random) -> Turn:
    answer = rng.choice(list(TALK))
    return typed(rng, rng.choice(TALK[answer])), answer


def sums(rng: Random) -> Turn:
    total = rng.randint(0, 20)
    a = rng.randint(0, total)
    b = total - a
    ask = rng.choice(["What is {} + {}?", "What is {} + {}?", "{} + {}", "{}+{}", "{} + {} =", "What is {} plus {}?",
                      "How much is {} + {}?", "Add {} and {}.", "What is {}+{}?", "Calculate {} + {}."])
    return typed(rng, ask.format(a, b)), f"{a} + {b} = {total}."


def hard_sums(rng: Random) -> Turn:
    a, b = rng.randint(21, 999), rng.randint(2, 999)
    ask = rng.choice(["What is {} + {}?", "What is {} * {}?", "What is {} - {}?", "{} * {}", "What is {} times {}?",
                      "{} / {}", "{} - {}", "What is {} divided by {}?"])
    if "+" not in ask and rng.random() < 0.5:
        a, b = rng.randint(0, 20), rng.randint(0, 20)
    return typed(rng, ask.format(a, b)), "That is too hard for me. I can only add numbers up to 20."


def capital(rng: Random) -> Turn:
    country = rng.choice(list(CAPITALS))
    ask = rng.choice(["What is the capital of {}?", "What is the capital of {}?", "Name the capital of {}.", "capital of {}",
                      "Tell me the capital of {}.", "What's the capital city of {}?", "Which city is the capital of {}?"])
    if rng.random() < 0.12:
        country = made_up(rng).capitalize()
        return typed(rng, ask.format(country)), "I am sorry, I do not know that country."
    return typed(rng, ask.format(country)), f"The capital of {country} is {CAPITALS[country]}."


def question(rng: Random) -> Turn:
    draw = rng.randrange(7)
    if draw == 0:
        word = rng.choice(list(OPPOSITES))
        other = OPPOSITES[word]
        if rng.random() < 0.5:
            word, other = other, word
        ask = rng.choice(["What is the opposite of {}?", "Opposite of {}?", "Tell me the opposite of {}."])
        return typed(rng, ask.format(word)), f"The opposite of {word} is {other}."
    if draw == 1:
        what = rng.choice(list(COLOURS))
        ask = rng.choice(["What colour is {}?", "What color is {}?", "What is the colour of {}?"])
        return typed(rng, ask.format(what)), f"{what[0].upper() + what[1:]} is {COLOURS[what]}."
    if draw == 2:
        animal = rng.choice(list(SOUNDS))
        ask = rng.choice(["What does {} say?", "What sound does {} make?", "How does {} sound?"])
        return typed(rng, ask.format(article(animal))), f"{article(animal).capitalize()} says {SOUNDS[animal]}."
    if draw == 3:
        animal = rng.choice(list(LEGS))
        return typed(rng, f"How many legs does {article(animal)} have?"), f"{article(animal).capitalize()} has {LEGS[animal]} legs."
    if draw == 4:
        ring, i = rng.choice([(DAYS, rng.randrange(7)), (MONTHS, rng.randrange(12))])
        unit, step = "day" if ring is DAYS else "month", rng.choice([1, -1])
        word = "after" if step == 1 else "before"
        ask = rng.choice([f"What {unit} comes {word} {{}}?", f"Which {unit} is {word} {{}}?", f"What comes {word} {{}}?"])
        return typed(rng, ask.format(ring[i])), f"{ring[(i + step) % len(ring)]} comes {word} {ring[i]}."
    ask = rng.choice(list(FACTS))
    return typed(rng, ask), FACTS[ask]


def unknown(rng: Random) -> Turn:
    if rng.random() < 0.5:
        ask = rng.choice(ASKS).format(rng.choice(DOINGS))
    else:
        topic = rng.choice(TOPICS) if rng.random() < 0.85 else made_up(rng) + " " + made_up(rng)
        ask = rng.choice(ABOUTS).format(topic)
    return typed(rng, ask[0].upper() + ask[1:]), UNKNOWN


def story(rng: Random) -> Turn:
    if rng.random() < 0.35:
        ask = rng.choice(["Tell me a story.", "Tell me a story.", "Tell me a tale.", "Write a story.", "I want to hear a story.",
                          "Tell me a short story.", "Can you tell me a story?", "Another story, please."])
        return typed(rng, ask), tale(rng, skewed(rng, KINDS))
    kind = any_kind(rng)
    ask = rng.choice(["Tell me a story about {}.", "Tell me a story about {}.", "Write a story about {}.", "A story about {}, please.",
                      "Write a short story about {}.", "Can you tell me a tale about {}?", "Tell me a story with {}."])
    if rng.random() < 0.25:
        name = any_name(rng)
        return typed(rng, ask.format(f"{article(kind)} named {name}")), tale(rng, kind, name)
    return typed(rng, ask.format(article(kind))), tale(rng, kind)


def long_story(rng: Random, chapters: int | None = None) -> Turn:
    very = rng.random() < 0.4
    chapters = chapters or (16 if very else 8)
    word = "very long" if chapters > 8 else "long"
    kind, about = skewed(rng, KINDS), ""
    if rng.random() < 0.5:
        kind = any_kind(rng)
        about = f" about {article(kind)}"
    ask = rng.choice(["Tell me a {} story{}.", "Tell me a {} story{}.", "Write a {} story{}.", "Tell a {} tale{}."])
    return typed(rng, ask.format(word, about)), long_tale(rng, kind, chapters)


def count(rng: Random) -> Turn:
    low, high = skewed(rng, [(1, 10), (1, 20), (1, 100), (1, 50), (1, 30), None, None]) or (0, 0)
    if high == 0:
        low = rng.randint(0, 120)
        high = low + rng.randint(2, 30)
    ask = rng.choice(["Count from {} to {}.", "Count from {} to {}.", "Please count from {} to {}."] + ["Count to {1}."] * (low == 1))
    return typed(rng, ask.format(low, high)), ", ".join(map(str, range(low, high + 1))) + "."


def as_json(rng: Random) -> Turn:
    kind = rng.choice(["person", "cat", "dog", "city", "fruit", "sum"])
    ask = rng.choice(["Give me JSON for {}.", "Give me JSON for {}.", "Write JSON for {}.", "Show {} as JSON.", "Make JSON for {}."])
    if kind in ("person", "cat", "dog"):
        name, age = any_name(rng), rng.randint(1, 90 if kind == "person" else 15)
        if rng.random() < 0.4:
            return typed(rng, ask.format("a " + kind)), json.dumps({"kind": kind, "name": {"person": "Mia", "cat": "Tom", "dog": "Max"}[kind], "age": 5})
        return ask.format(f"a {kind} named {name}, aged {age}"), json.dumps({"kind": kind, "name": name, "age": age})
    if kind == "city":
        country = rng.choice(list(CAPITALS))
        return ask.format(f"the capital of {country}"), json.dumps({"country": country, "capital": CAPITALS[country]})
    if kind == "fruit":
        fruit, colour = rng.choice([("banana", "yellow"), ("cherry", "red"), ("lemon", "yellow"), ("apple", "green")])
        return typed(rng, ask.format(article(fruit))), json.dumps({"fruit": fruit, "colour": colour, "sweet": fruit != "lemon"})
    low = rng.randint(1, 9)
    return ask.format(f"the numbers {low} to {low + 4}"), json.dumps({"numbers": list(range(low, low + 5))})


SKILLS: list[tuple[Callable[[Random], Turn], float]] = [
    (talk, 30), (sums, 22), (question, 24), (capital, 12), (unknown, 16), (story, 9), (as_json, 8), (hard_sums, 4), (count, 2.5)]


def introduce(rng: Random, name: str) -> Turn:
    ask = rng.choice(["My name is {}.", "I am {}.", "Hello, my name is {}.", "Hi, I am {}.", "Call me {}."])
    return ask.format(name), f"Nice to meet you, {name}! How can I help you?"


def recall(rng: Random, name: str | None) -> Turn:
    ask = typed(rng, rng.choice(["What is my name?", "Who am I?", "Do you know my name?"]))
    return ask, f"Your name is {name}." if name else "You did not tell me your name."


def turns(rng: Random, n: int) -> list[Turn]:
    """A conversation of n turns; a name told early may be asked for later."""
    functions, weights = zip(*SKILLS)
    chat: list[Turn] = []
    name = None
    while len(chat) < n:
        draw = rng.random()
        if name is None and draw < 0.07:
            name = any_name(rng)
            chat.append(introduce(rng, name))
        elif draw < (0.30 if name else 0.02):
            chat.append(recall(rng, name))
        elif not chat and draw < 0.25:
            greeting = "Hello! How can I help you?"
            chat.append((rng.choice(TALK[greeting]), greeting))
        else:
            chat.append(rng.choices(functions, weights)[0](rng))
    return chat


def render(chat: list[Turn], system: str | None = None) -> str:
    """The chat as the model's chat template writes it, with every answer present."""
    head = f"{SYSTEM}\n{system}{END}\n" if system else ""
    return BOS + head + "".join(f"{USER}\n{u}{END}\n{ASSISTANT}\n{a}{END}\n" for u, a in chat)


def document(rng: Random, long: bool) -> str:
    """One document; long ones are there so that positions up to the context's end are trained."""
    system = rng.choice(SYSTEMS) if rng.random() < 0.25 else None
    draw = rng.random()
    if long:
        if draw < 0.4:
            return render(turns(rng, rng.randint(0, 2)) + [long_story(rng)], system)
        if draw < 0.5:
            return BOS + long_tale(rng, any_kind(rng), rng.randint(6, 16)) + EOS
        return render(turns(rng, rng.randint(12, 40)), system)
    if draw < 0.1:
        return BOS + tale(rng, any_kind(rng)) + EOS
    return render(turns(rng, rng.choice((1, 1, 2, 3, 4))), system)


def documents(seed: int, long: bool) -> Iterator[str]:
    rng = Random(f"{seed}/{long}")
    while True:
        yield document(rng, long)


def held_out(n: int, long: bool = False) -> list[str]:
    """Documents that training never draws, for perplexity."""
    rng = Random(HELD_OUT_SEED)
    return [document(rng, long) for _ in range(n)]
