"""
Every key, its type and its expiry, in one table.

All of them have the hash tag `{work}`, and so one slot: what belongs together is one atomic step also on a Redis
Cluster, and all is at one node of it.

| key                                 | type   | expiry| holds |
|-------------------------------------|--------|-------|-------|
| `pb:{work}:deliveries`              | list   | none  | what the receiver has appended, until moved to the events |
| `pb:{work}:events`                  | stream | none  | deliveries, until folded |
| `pb:{work}:commands`                | stream | none  | what people asked for, until moved to its incident |
| `pb:{work}:deadletters`             | stream | 64 MB | what could not be understood, with the reason; at most 10,000 |
| `pb:{work}:deadletters:claim:<id>`  | string | 60 s  | there while an operator retries or drops it |
| `pb:{work}:audit`                   | stream | 400 d | every human action and what came of it |
| `pb:{work}:generation`              | string | none  | layout and birth of the data: `<layout>:<random>:<ms>` |
| `pb:{work}:doubt`                   | string | none  | until when writes may have been lost (Redis ms) |
| `pb:{work}:primary`                 | string | none  | whose writes these are: `master_replid` of its server |
| `pb:{work}:ping`                    | string | none  | when a ping of PagerDuty's last came (Redis ms) |
| `pb:{work}:open`                    | zset   | none  | open incidents -> when they were created (ms) |
| `pb:{work}:over`                    | zset   | 1 d   | incidents that are just over -> since when (ms) |
| `pb:{work}:homes`                   | zset   | 30 m  | people whose Home tab is followed -> until when (ms) |
| `pb:{work}:homes:show`              | hash   | 30 m  | the same -> ids that it depends on |
| `pb:{work}:number:<n>`              | zset   | 180 d | incidents that have, or claim, that number -> 0 |
| `pb:{work}:channel:<id>:open`       | zset   | none  | the same, of those with a card in that channel |
| `pb:{work}:channel:<id>:over`       | zset   | 1 d   | just over, as above, of those with a card in that channel |
| `pb:{work}:channel:<id>:closed`     | zset   | 180 d | incidents waiting for it to open -> since when (ms) |
| `pb:{work}:channel:<id>:behind`     | zset   | 1 d   | incidents whose card there has to wait -> since when (ms) |
| `pb:{work}:channel:<id>:lag`        | string | 1 d   | there while the channel has been told that cards are late |
| `pb:{work}:channel:<id>:digest`     | hash   | 7 d   | incidents that share its digest card -> how they stand |
| `pb:{work}:queue:<name>:due`        | zset   | none  | incident -> when it is due (Redis ms) |
| `pb:{work}:queue:<name>:marks`      | hash   | none  | incident -> its last mark, and the traces that wait for it |
| `pb:{work}:<incident>:incident`     | hash   | 180 d | the projection: `rev`, `doc`, and the day of its expiry |
| `pb:{work}:<incident>:lines`        | hash   | 180 d | what was moved out of the projection: lines, ids of events |
| `pb:{work}:<incident>:commands`     | hash   | 180 d | its command queue, or what came of one press on several |
| `pb:{work}:<incident>:slack`        | hash   | 180 d | what Slack shows of it: `rev`, `doc` |
| `pb:{work}:<incident>:journal`      | stream | 30 d  | what was seen, decided and done, the last 1,000 steps |
| `pb:{work}:<incident>:channel`      | hash   | 180 d | the channel of its own: `rev`, `doc` |
| `pb:{work}:<channel>:handover`      | hash   | 180 d | the handovers that are to be posted there: `rev`, `doc` |
| `pb:{work}:<conversation>:summary`  | hash   | 180 d | a person's incidents that are only counted: `rev`, `doc` |
| `pb:{work}:<entry>:oncall`          | hash   | 180 d | what was written to a user group and a topic: `rev`, `doc` |
| `pb:{work}:<channel>:digest`        | hash   | 180 d | the rate of new incidents, and the digest: `rev`, `doc` |
| `pb:{work}:GLOBAL:load`             | hash   | 180 d | the rate of new cards in all channels: `rev`, `doc` |
| `pb:{work}:GLOBAL:progress`         | hash   | 180 d | how far resync and watchdog have come: `rev`, `doc` |
| `pb:{work}:<incident>:lease:<name>` | string | lease | who holds the incident for one kind of work |
| `pb:{work}:<incident>:epoch:<name>` | string | 180 d | the fencing token of the last owner of that lease |
| `pb:{work}:pace:<budget>`           | string | seconds | when Slack's next call of a kind is due (Redis µs) |
| `pb:{work}:pace:<budget>:line`      | zset   | minutes | who waits for such a call -> place in line |
| `pb:{work}:pace:<budget>:back`      | zset   | minutes | the same -> when it has lost its place (Redis µs) |
| `pb:{work}:pace:<budget>:waits`     | string | minutes | there while anyone may stand in that line |
| `pb:{work}:link:<slack user>`       | string | minutes | the PagerDuty user that a Slack user is |
| `pb:{work}:mention:<pagerduty user>`| string | minutes | the Slack user that a PagerDuty user is |
| `pb:{work}:links`                   | hash   | none  | Slack user -> their link; PagerDuty user -> whose it is |
| `pb:{work}:links:audit`             | stream | 400 d | every link that was made, undone or rejected, and by whom |
| `pb:{work}:linking:<slack user>`    | string | 1 d   | what a person has asked for who is linking themselves |
| `pb:{work}:asked:<slack user>`      | string | 1 h   | how often a person has asked the admins for a link |
| `pb:{work}:sign-in:<digest>`        | string | 5 min | who signs in to PagerDuty: id, address, name; then the id |
| `pb:{work}:sign-ins`                | list   | none  | those who came back from PagerDuty, until a worker takes them |
| `pb:{work}:sign-ins:taken`          | zset   | none  | the same, until handled -> when another worker may (ms) |
| `pb:{work}:notify:<pagerduty user>` | hash   | none  | Slack user -> what to send them, and the conversation |
| `pb:{work}:doctor:<run>:<type>`     | any    | seconds | what `pagebridge doctor` tries its rights on |
| `pb:{work}:typed:<command>`         | string | 3 d   | the incident that a line without a number was first about |

The queue `homes` holds Slack users in the place of incidents, and so do its leases and epochs; `handovers` holds
channels, and `summaries` the app's conversations with people.

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
DEAD_LETTERS = "pb:{work}:deadletters"
AUDIT = "pb:{work}:audit"
GENERATION = "pb:{work}:generation"
DOUBT = "pb:{work}:doubt"
PRIMARY = "pb:{work}:primary"
PING = "pb:{work}:ping"
LINKS = "pb:{work}:links"
LINKS_AUDIT = "pb:{work}:links:audit"
SIGN_INS = "pb:{work}:sign-ins"
SIGN_INS_TAKEN = "pb:{work}:sign-ins:taken"
OPEN = "pb:{work}:open"
OVER = "pb:{work}:over"
HOMES = "pb:{work}:homes"
HOMES_SHOW = "pb:{work}:homes:show"
GROUP = "workers"
OF_INCIDENT = "pb:{work}:"
"""The beginning of the keys of incidents."""
LAYOUT = "5"
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
DIGEST_KEPT = 7 * 24 * 3600
"""Seconds that the incidents of a digest outlive the last that came or changed; a storm is shorter."""
TYPED_KEPT = 3 * 24 * 3600
"""Seconds that it is remembered what a typed line meant: as long as ended commands are."""
INCIDENT_KEPT = 180 * 24 * 3600
"""Seconds that an incident's keys outlive its last change."""
NUMBER_KEPT = INCIDENT_KEPT + 3 * 24 * 3600
"""Seconds that its number is kept: an incident of one day ends within three, as a delivery may take 48 hours."""
JOURNAL_KEPT = 30 * 24 * 3600
"""Seconds that a journal outlives its last step."""
JOURNAL_STEPS = 1000
"""How many steps a journal has, about: each may tell several facts."""


_TYPES = {
    "stream": re.compile(r"pb:\{work\}:(events|commands|deadletters|audit|links:audit|[^:]+:journal)"),
    "list": re.compile(r"pb:\{work\}:(deliveries|sign-ins)"),
    "hash": re.compile(
        r"pb:\{work\}:(links|channel:[^:]+:digest|queue:[^:]+:marks|notify:[^:]+"
        r"|[^:]+:(incident|lines|commands|slack|progress|handover|oncall|channel|show|summary|digest|load))"
    ),
    "zset": re.compile(
        r"pb:\{work\}:(open|over|homes|sign-ins:taken|number:.*|channel:.*:(open|over|closed|behind)|queue:.*:due"
        r"|pace:.*:(line|back))"
    ),
}
"""The keys of each type in the table above; all others are strings."""


def type_of(key: str) -> str:
    """Return the type that a key of ours has, as Redis calls it."""
    return next((kind for kind, names in _TYPES.items() if names.fullmatch(key)), "string")


def of_incident(incident: IncidentId, part: str) -> str:
    """Name a key of an incident: a document, `lines`, `journal`, `lease:<work>`, or `epoch:<work>`."""
    return f"{OF_INCIDENT}{incident}:{part}"


def of_channel(channel: ChannelId, part: Literal["open", "over", "closed", "behind", "lag", "digest"]) -> str:
    """Name a key of a channel."""
    return f"pb:{{work}}:channel:{channel}:{part}"


def of_number(number: int) -> str:
    """Name the key of the incidents of one number."""
    return f"pb:{{work}}:number:{number}"


def of_queue(queue: str, part: Literal["due", "marks"]) -> str:
    """Name a key of a work queue."""
    return f"pb:{{work}}:queue:{queue}:{part}"


def budget(name: str) -> str:
    """Name a budget of calls."""
    return f"pb:{{work}}:pace:{name}"


def claim(letter: str) -> str:
    """Name the claim on a dead letter."""
    return f"{DEAD_LETTERS}:claim:{letter}"


def link(user: SlackUserId) -> str:
    """Name the cached link of a Slack user."""
    return f"pb:{{work}}:link:{user}"


def link_request(user: SlackUserId) -> str:
    """Name the request of a Slack user who is linking themselves."""
    return f"pb:{{work}}:linking:{user}"


def link_asked(user: SlackUserId) -> str:
    """Name how often a Slack user has asked the admins for a link."""
    return f"pb:{{work}}:asked:{user}"


def sign_in(digest: str) -> str:
    """Name the person of a sign-in; the receiver may read it if it knows the state of which this is the digest."""
    return f"pb:{{work}}:sign-in:{digest}"


def mention(user: UserId) -> str:
    """Name the cached Slack user of a PagerDuty user."""
    return f"pb:{{work}}:mention:{user}"


def notify(user: UserId) -> str:
    """Name the wishes of the Slack users who are a PagerDuty user."""
    return f"pb:{{work}}:notify:{user}"


def scratch(run: str, kind: str) -> str:
    """Name a key on which rights are tried."""
    return f"pb:{{work}}:doctor:{run}:{kind}"


def typed(command: CommandId) -> str:
    """Name what a typed line without a number meant."""
    return f"pb:{{work}}:typed:{command}"
