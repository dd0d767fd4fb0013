"""What somebody with access to the tables could do to a log, on copies of its rows."""

from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

from tests.support.logs import Rows

POSITION, STREAM, VERSION, TOPIC, STATE = range(5)


Edit = Callable[[Rows, int, Random], int]
"""Edits the rows at or after an index and returns the position at which that is to be found."""


def _change_state(rows: Rows, at: int, random: Random) -> int:
    state = bytearray(rows.events[at][STATE])
    state[random.randrange(len(state))] ^= 1 << random.randrange(8)
    rows.events[at][STATE] = bytes(state)
    return at + 1


def _lengthen_state(rows: Rows, at: int, random: Random) -> int:
    rows.events[at][STATE] += random.choice([b" ", b"\n", b"\x00"])
    return at + 1


def _move_a_byte_into_the_topic(rows: Rows, at: int, _random: Random) -> int:
    rows.events[at][TOPIC] += "{"
    rows.events[at][STATE] = rows.events[at][STATE][1:]
    return at + 1


def _change_topic(rows: Rows, at: int, random: Random) -> int:
    topic = rows.events[at][TOPIC]
    place = random.randrange(len(topic))
    rows.events[at][TOPIC] = topic[:place] + chr(ord(topic[place]) ^ 1) + topic[place + 1 :]
    return at + 1


def _change_stream(rows: Rows, at: int, random: Random) -> int:
    rows.events[at][STREAM] = UUID(int=rows.events[at][STREAM].int ^ (1 << random.randrange(8, 128)))
    return at + 1


def _change_version(rows: Rows, at: int, random: Random) -> int:
    rows.events[at][VERSION] = random.choice([0, -1, 1_000, 2**63 - 1, -(2**63)])
    return at + 1


def _change_hash(rows: Rows, at: int, random: Random) -> int:
    changed = bytearray(rows.links[at][1])
    changed[random.randrange(32)] ^= 1 << random.randrange(8)
    rows.links[at][1] = bytes(changed)
    return at + 1


def _shorten_hash(rows: Rows, at: int, random: Random) -> int:
    rows.links[at][1] = rows.links[at][1][: random.randrange(32)]
    return at + 1


def _drop_event(rows: Rows, at: int, _random: Random) -> int:
    del rows.events[at]
    return at + 1


def _drop_link(rows: Rows, at: int, _random: Random) -> int:
    del rows.links[at]
    return at + 1


def _drop_both(rows: Rows, at: int, random: Random) -> int:
    count = random.randint(1, 5)
    del rows.events[at : at + count], rows.links[at : at + count]
    return at + 1


def _drop_and_close_the_gap(rows: Rows, at: int, _random: Random) -> int:
    del rows.events[at]
    for each in rows.events[at:]:
        each[POSITION] -= 1
    return at + 1


def _cut_events(rows: Rows, at: int, _random: Random) -> int:
    del rows.events[at:]
    return at + 1


def _cut_links(rows: Rows, at: int, _random: Random) -> int:
    del rows.links[at:]
    return at + 1


def _cut_both(rows: Rows, at: int, _random: Random) -> int:
    del rows.events[at:], rows.links[at:]
    return at + 1


def _cut_and_go_on(rows: Rows, at: int, random: Random) -> int:
    """As a service does that never learns of it, up to the next checkpoint and further."""
    del rows.events[at:]
    for number in range(at, at + 30):
        rows.events.append([number + 1, uuid4(), 1, "t", b"%d" % random.getrandbits(32)])
    rows.linked()
    return _next_checkpoint(at + 1)


def _move_event(rows: Rows, at: int, random: Random) -> int:
    rows.events[at][POSITION] = random.choice([0, -7, 10_000, 2**63 - 1])
    return min(at + 1, rows.events[at][POSITION])


def _move_link(rows: Rows, at: int, random: Random) -> int:
    rows.links[at][POSITION] = random.choice([0, -7, 10_000])
    return min(at + 1, rows.links[at][POSITION])


def _move_both(rows: Rows, at: int, random: Random) -> int:
    rows.events[at][POSITION] = rows.links[at][POSITION] = random.choice([0, -7, 10_000])
    return min(at + 1, rows.links[at][POSITION])


def _swap_events(rows: Rows, at: int, random: Random) -> int:
    other = random.choice([index for index in range(len(rows.events)) if index != at])
    _swap(rows.events, at, other)
    return min(at, other) + 1


def _swap_links(rows: Rows, at: int, random: Random) -> int:
    other = random.choice([index for index in range(len(rows.links)) if index != at])
    _swap(rows.links, at, other)
    return min(at, other) + 1


def _swap_both(rows: Rows, at: int, random: Random) -> int:
    other = random.choice([index for index in range(len(rows.links)) if index != at])
    _swap(rows.events, at, other)
    _swap(rows.links, at, other)
    return min(at, other) + 1


def _swap(rows: list[list[Any]], one: int, other: int) -> None:
    rows[one][1:], rows[other][1:] = rows[other][1:], rows[one][1:]


def _append_event_alone(rows: Rows, _at: int, random: Random) -> int:
    position = len(rows.events) + random.choice([1, 5])
    rows.events.append([position, uuid4(), 1, "t", b"{}"])
    return len(rows.events)


def _append_event_with_any_hash(rows: Rows, _at: int, random: Random) -> int:
    position = len(rows.events) + 1
    rows.events.append([position, uuid4(), 1, "t", b"{}"])
    rows.links.append([position, random.randbytes(32)])
    return position


def _insert_before_the_first(rows: Rows, _at: int, random: Random) -> int:
    position = random.choice([0, -3])
    rows.events.append([position, uuid4(), 1, "t", b"{}"])
    return position


def _insert_and_move_the_rest(rows: Rows, at: int, random: Random) -> int:
    for each in rows.events[at:]:
        each[POSITION] += 1
    rows.events.insert(at, [at + 1, uuid4(), 1, "t", b"{}"])
    if random.random() < 0.5:
        rows.links.append([len(rows.events), random.randbytes(32)])
    return at + 1


def _rewrite(rows: Rows, at: int, random: Random) -> int:
    """Change an event and compute the chain again, which only a signature can tell."""
    _change_state(rows, at, random)
    rows.linked()
    return _next_checkpoint(at + 1)


def _empty_it(rows: Rows, _at: int, _random: Random) -> int:
    rows.events.clear()
    rows.links.clear()
    return 1


CHECKPOINT_EVERY = 20


def _next_checkpoint(position: int) -> int:
    return -(-position // CHECKPOINT_EVERY) * CHECKPOINT_EVERY


EDITS: Mapping[str, Edit] = MappingProxyType(
    {
        edit.__name__.removeprefix("_"): edit
        for edit in (
            _change_state,
            _lengthen_state,
            _move_a_byte_into_the_topic,
            _change_topic,
            _change_stream,
            _change_version,
            _change_hash,
            _shorten_hash,
            _drop_event,
            _drop_link,
            _drop_both,
            _drop_and_close_the_gap,
            _cut_events,
            _cut_links,
            _cut_both,
            _cut_and_go_on,
            _move_event,
            _move_link,
            _move_both,
            _swap_events,
            _swap_links,
            _swap_both,
            _append_event_alone,
            _append_event_with_any_hash,
            _insert_before_the_first,
            _insert_and_move_the_rest,
            _rewrite,
            _empty_it,
        )
    }
)
"""All of them leave positions distinct, and the keys of streams and versions."""
