"""
Every key, its type and its expiry, in one table.

The streams, the work queues and everything about incidents share the hash tag `{work}`, because an event is folded, its
incident marked and the event taken off its stream in one atomic step, also on a Redis Cluster.

| key                                 | type   | expiry| holds |
|-------------------------------------|--------|-------|-------|
| `pb:{work}:deliveries`              | list   | none  | what the receiver has appended, until moved to the events |
| `pb:{work}:events`                  | stream | none  | deliveries, until folded |
| `pb:{work}:commands`                | stream | none  | what people asked for, until moved to its incident |
| `pb:{deadletters}`                  | stream | 64 MB | what could not be understood, with the reason; at most 10,000 |
| `pb:{deadletters}:claim:<id>`       | string | 60 s  | there while an operator retries or drops it |
| `pb:{audit}`                        | stream | 400 d | every human action and what came of it |
| `pb:{generation}`                   | string | none  | layout and birth of the data: `<layout>:<random>:<ms>` |
| `pb:{ping}`                         | string | none  | when a ping of PagerDuty's last came (Redis ms) |
| `pb:{open}`                         | zset   | none  | open incidents -> when they were created (ms) |
| `pb:{over}`                         | zset   | 1 d   | incidents that are just over -> since when (ms) |
| `pb:{number:<n>}`                   | zset   | 180 d | incidents that have, or claim, that number -> 0 |
| `pb:{channel:<id>}:open`            | zset   | none  | the same, of those with a card in that channel |
| `pb:{channel:<id>}:over`            | zset   | 1 d   | the same as `pb:{over}`, of those with a card in that channel |
| `pb:{channel:<id>}:closed`          | zset   | 180 d | incidents waiting for it to open -> since when (ms) |
| `pb:{channel:<id>}:behind`          | zset   | 1 d   | incidents whose card there has to wait -> since when (ms) |
| `pb:{channel:<id>}:lag`             | string | 1 d   | there while the channel has been told that cards are late |
| `pb:{work}:queue:<name>:due`        | zset   | none  | incident -> when it is due (Redis ms) |
| `pb:{work}:queue:<name>:marks`      | hash   | none  | incident -> its last mark, and the traces that wait for it |
| `pb:{work}:<incident>:incident`     | hash   | 180 d | the projection: `rev`, `doc`, and the day of its expiry |
| `pb:{work}:<incident>:lines`        | hash   | 180 d | what was moved out of the projection: lines, ids of events |
| `pb:{work}:<incident>:commands`     | hash   | 180 d | its command queue, or what came of one press on several |
| `pb:{work}:<incident>:slack`        | hash   | 180 d | what Slack shows of it: `rev`, `doc` |
| `pb:{work}:<incident>:journal`      | stream | 30 d  | what was seen, decided and done, the last 1,000 steps |
| `pb:{work}:<channel>:handover`      | hash   | 180 d | the handovers that are to be posted there: `rev`, `doc` |
| `pb:{work}:GLOBAL:progress`         | hash   | 180 d | how far resync and watchdog have come: `rev`, `doc` |
| `pb:{work}:<incident>:lease:<name>` | string | lease | who holds the incident for one kind of work |
| `pb:{work}:<incident>:epoch:<name>` | string | 180 d | the fencing token of the last owner of that lease |
| `pb:{pace}:<budget>`                | string | seconds | when Slack's next call of a kind is due (Redis µs) |
| `pb:{pace}:<budget>:line`           | zset   | minutes | who waits for such a call -> place in line |
| `pb:{pace}:<budget>:back`           | zset   | minutes | the same -> when it has lost its place (Redis µs) |
| `pb:{link:<slack user>}`            | string | minutes | the PagerDuty user that a Slack user is |
| `pb:{mention:<pagerduty user>}`     | string | minutes | the Slack user that a PagerDuty user is |
| `pb:{doctor}:<run>:<type>`          | any    | seconds | what `pagebridge doctor` tries its rights on |
| `pb:{typed:<command>}`              | string | 3 d   | the incident that a line without a number was first about |

The queue `homes` holds Slack users in the place of incidents, and so do its leases and epochs.

No work stream is ever trimmed by length: that would silently delete entries that are not read yet.

A key of another type than it has here is laid aside for 180 d, under its name with `:unreadable` behind.
"""

import re
from typing import Literal

from shared.model.ids import ChannelId, CommandId, IncidentId, SlackUserId, UserId

PREFIX = "pb:"
DELIVERIES = "pb:{work}:deliveries"
"""
The one key that the receiver may write, and only at its end. An element is `<when it was received, ms> <body>`, with
`<traceparent> ` before the body if it is traced.
"""
EVENTS = "pb:{work}:events"
COMMANDS = "pb:{work}:commands"
DEAD_LETTERS = "pb:{deadletters}"
AUDIT = "pb:{audit}"
GENERATION = "pb:{generation}"
PING = "pb:{ping}"
OPEN = "pb:{open}"
OVER = "pb:{over}"
GROUP = "workers"
OF_INCIDENT = "pb:{work}:"
"""The beginning of the keys of incidents."""
LAYOUT = "4"
"""The version of the keys and documents; a change that an older program could not read needs another one."""

DEAD_LETTERS_KEPT = 10_000
DEAD_LETTERS_BYTES = 64 * 1024 * 1024
"""Bytes of memory that all of them may take; beyond that the oldest go."""
AUDIT_KEPT = 400 * 24 * 3600
"""Seconds that an entry of the audit is kept, at least."""
OVER_KEPT = 24 * 3600
"""Seconds that an incident counts as just over."""
LAG_KEPT = 24 * 3600
"""Seconds that it is remembered which cards of a channel are late."""
TYPED_KEPT = 3 * 24 * 3600
"""Seconds that it is remembered what a typed line meant: as long as ended commands are."""
INCIDENT_KEPT = 180 * 24 * 3600
"""Seconds that an incident's keys outlive its last change."""
JOURNAL_KEPT = 30 * 24 * 3600
"""Seconds that a journal outlives its last step."""
JOURNAL_STEPS = 1000
"""How many steps a journal has, about: each may tell several facts."""


_TYPES = {
    "stream": re.compile(r"pb:\{work\}:(events|commands|[^:]+:journal)|pb:\{(deadletters|audit)\}"),
    "list": re.compile(r"pb:\{work\}:deliveries"),
    "hash": re.compile(r"pb:\{work\}:([^:]+:(incident|lines|commands|slack|progress|handover)|queue:[^:]+:marks)"),
    "zset": re.compile(
        r"pb:\{(open|over|number:.*)\}|pb:\{channel:.*\}:(open|over|closed|behind)|pb:\{work\}:queue:.*:due|pb:\{pace\}:.*:(line|back)"
    ),
}
"""The keys of each type in the table above; all others are strings."""


def type_of(key: str) -> str:
    """Return the type that a key of ours has, as Redis calls it."""
    return next((kind for kind, names in _TYPES.items() if names.fullmatch(key)), "string")


def of_incident(incident: IncidentId, part: str) -> str:
    """Name a key of an incident: a document, `lines`, `journal`, `lease:<work>`, or `epoch:<work>`."""
    return f"{OF_INCIDENT}{incident}:{part}"


def of_channel(channel: ChannelId, part: Literal["open", "over", "closed", "behind", "lag"]) -> str:
    """Name a key of a channel."""
    return f"pb:{{channel:{channel}}}:{part}"


def of_number(number: int) -> str:
    """Name the key of the incidents of one number."""
    return f"pb:{{number:{number}}}"


def of_queue(queue: str, part: Literal["due", "marks"]) -> str:
    """Name a key of a work queue."""
    return f"pb:{{work}}:queue:{queue}:{part}"


def budget(name: str) -> str:
    """Name a budget of calls; all of them share a slot, because one call may count in several."""
    return f"pb:{{pace}}:{name}"


def claim(letter: str) -> str:
    """Name the claim on a dead letter; same slot as the letters."""
    return f"{DEAD_LETTERS}:claim:{letter}"


def link(user: SlackUserId) -> str:
    """Name the cached link of a Slack user."""
    return f"pb:{{link:{user}}}"


def mention(user: UserId) -> str:
    """Name the cached Slack user of a PagerDuty user."""
    return f"pb:{{mention:{user}}}"


def scratch(run: str, kind: str) -> str:
    """Name a key on which rights are tried; all of one run share a slot."""
    return f"pb:{{doctor}}:{run}:{kind}"


def typed(command: CommandId) -> str:
    """Name what a typed line without a number meant."""
    return f"pb:{{typed:{command}}}"
