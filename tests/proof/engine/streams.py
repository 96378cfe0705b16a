"""Streams with consumer groups: who was given which entry, since when, and who may take it over."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from redis.exceptions import ResponseError

from tests.proof.engine.keyspace import MOST, Command, Keyspace, failure, integer, syntax_error

Id = tuple[int, int]
Reply = list[list[object]]

START: Id = (0, 0)
END: Id = (2 * MOST - 1, 2 * MOST - 1)
NO_KEY = (
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the "
    "MKSTREAM option to create an empty stream automatically."
)
SCANNED = 10
"""How many pending entries XAUTOCLAIM looks at for each that it may return."""


@dataclass
class Pending:
    """An entry that a consumer was given and has not acknowledged."""

    consumer: bytes
    since_ms: int


@dataclass
class Group:
    """A consumer group: the last entry that was given to anybody, what is pending, when each consumer last asked."""

    last: Id
    pending: dict[Id, Pending] = field(default_factory=dict)
    seen_ms: dict[bytes, int] = field(default_factory=dict)


@dataclass
class Stream:
    """The value of a stream key."""

    entries: dict[Id, list[bytes]] = field(default_factory=dict)
    groups: dict[bytes, Group] = field(default_factory=dict)
    last: Id = START

    def __bool__(self) -> bool:
        """Stay, unlike a hash, when nothing is left in it."""
        return True

    def drop(self, oldest: int) -> None:
        """Remove so many of the oldest entries."""
        for entry in list(self.entries)[: max(0, oldest)]:
            del self.entries[entry]

    def shown(self, entry: Id) -> list[object]:
        """Give an entry as a reply has it."""
        return [written(entry), self.entries[entry]]


def written(entry: Id) -> bytes:
    """Write an id."""
    return b"%d-%d" % entry


def read_id(text: bytes, number: int = 0) -> Id:
    """Read an id; `number` is the one within its millisecond if it has none."""
    at, dash, within = text.partition(b"-")
    error = "ERR Invalid stream ID specified as stream command argument"
    read = integer(at, error), integer(within, error) if dash else number
    if min(read) < 0:
        raise failure(error)
    return read


@dataclass(frozen=True)
class GroupRead:
    """XREADGROUP GROUP group consumer [COUNT n] [BLOCK ms] STREAMS key >. `block` is in ms; None: it does not wait."""

    key: bytes
    group: bytes
    consumer: bytes
    count: int
    block: int | None

    @classmethod
    def parse(cls, args: Sequence[bytes]) -> "GroupRead":
        """Read the arguments, of one stream, and new entries alone."""
        words = list(args)
        if words.pop(0).upper() != b"GROUP":
            raise syntax_error()
        group, consumer = words.pop(0), words.pop(0)
        options = {b"COUNT": b"0", b"BLOCK": b""}
        while words and words[0].upper() in options and len(words) > 1:
            option, value, *words = words
            options[option.upper()] = value
        if len(words) != 3 or words[0].upper() != b"STREAMS":
            raise syntax_error()
        if words[2] != b">":
            raise NotImplementedError("XREADGROUP of what was given before")
        block = options[b"BLOCK"]
        return cls(words[1], group, consumer, integer(options[b"COUNT"]) or MOST, integer(block) if block else None)

    def carry_out(self, keys: Keyspace) -> list[object] | None:
        """Give the consumer what is new; None when there is nothing."""
        stream = keys.find(self.key, Stream)
        group = stream.groups.get(self.group) if stream else None
        if stream is None or group is None:
            raise _no_group(self.key, self.group, " in XREADGROUP with GROUP option")
        group.seen_ms[self.consumer] = keys.at_ms
        new = [entry for entry in stream.entries if entry > group.last][: self.count]
        for entry in new:
            group.pending[entry] = Pending(self.consumer, keys.at_ms)
            group.last = entry
        return [[self.key, [stream.shown(entry) for entry in new]]] if new else None


def _xadd(keys: Keyspace, args: Sequence[bytes]) -> bytes:
    """Carry out XADD key [MAXLEN | MINID [= | ~] bound] * field value ..."""
    key, *words = args
    trim = _trimming(words)
    if words.pop(0) != b"*":
        raise NotImplementedError("XADD with an id, or another option")
    if not words or len(words) % 2:
        raise failure("ERR wrong number of arguments for 'xadd' command")
    stream = keys.find_or_make(key, Stream)
    stream.last = max((keys.at_ms, 0), (stream.last[0], stream.last[1] + 1))
    stream.entries[stream.last] = words
    trim(stream)
    keys.grown.append(key)
    return written(stream.last)


def _trimming(words: list[bytes]) -> Callable[[Stream], None]:
    """Take the words about trimming, and give what they ask for: `~` only allows Redis to trim, and here nothing is."""
    bounds = {b"MAXLEN": _keep_newest, b"MINID": _keep_from}
    keep = bounds.get(words[0].upper())
    if keep is None:
        return lambda _: None
    words.pop(0)
    about = words[0] == b"~"
    if words[0] in (b"~", b"="):
        words.pop(0)
    trim = keep(words.pop(0))
    return (lambda _: None) if about else trim


def _keep_newest(bound: bytes) -> Callable[[Stream], None]:
    most = integer(bound)
    if most < 0:
        raise failure("ERR The MAXLEN argument must be >= 0.")
    return lambda stream: stream.drop(len(stream.entries) - most)


def _keep_from(bound: bytes) -> Callable[[Stream], None]:
    oldest = read_id(bound)
    return lambda stream: stream.drop(sum(entry < oldest for entry in stream.entries))


def _xrange(keys: Keyspace, args: Sequence[bytes]) -> Reply:
    """Carry out XRANGE key first last [COUNT n]; `(` before an id leaves that entry out."""
    first, after = _bound(args[1], 0)
    last, before = _bound(args[2], MOST * 2 - 1)
    count = _count(list(args[3:]), MOST)
    stream = keys.find(args[0], Stream) or Stream()
    found = [entry for entry in stream.entries if first <= entry <= last]
    left_out = [first] * after + [last] * before
    return [stream.shown(entry) for entry in found if entry not in left_out][:count]


def _bound(text: bytes, number: int) -> tuple[Id, bool]:
    """Read an end of a range, and tell if it is left out; `number` is the one within its millisecond if it has none."""
    if text in (b"-", b"+"):
        return START if text == b"-" else END, False
    return read_id(text.removeprefix(b"("), number), text.startswith(b"(")


def _xlen(keys: Keyspace, args: Sequence[bytes]) -> int:
    stream = keys.find(args[0], Stream)
    return len(stream.entries) if stream else 0


def _xdel(keys: Keyspace, args: Sequence[bytes]) -> int:
    stream = keys.find(args[0], Stream)
    if stream is None:
        return 0
    entries = [read_id(text) for text in args[1:]]
    return sum(stream.entries.pop(entry, None) is not None for entry in entries)


def _xack(keys: Keyspace, args: Sequence[bytes]) -> int:
    stream = keys.find(args[0], Stream)
    group = stream.groups.get(args[1]) if stream else None
    if group is None:
        return 0
    entries = [read_id(text) for text in args[2:]]
    return sum(group.pending.pop(entry, None) is not None for entry in entries)


def _xgroup_create(keys: Keyspace, args: Sequence[bytes]) -> bytes:
    """Carry out XGROUP CREATE key group id [MKSTREAM]."""
    key, name, start, *options = args
    make = [option.upper() for option in options] == [b"MKSTREAM"]
    if options and not make:
        raise syntax_error()
    stream = keys.find(key, Stream)
    if stream is None and not make:
        raise failure(NO_KEY)
    last = (stream.last if stream else START) if start == b"$" else read_id(start)
    stream = keys.find_or_make(key, Stream)
    if name in stream.groups:
        raise failure("BUSYGROUP Consumer Group name already exists")
    stream.groups[name] = Group(last)
    return b"OK"


def _xgroup_delconsumer(keys: Keyspace, args: Sequence[bytes]) -> int:
    """Carry out XGROUP DELCONSUMER key group consumer: what it has in hand goes with it."""
    group = _found_group(keys, args[0], args[1], NO_KEY)
    group.seen_ms.pop(args[2], None)
    gone = [entry for entry, pending in group.pending.items() if pending.consumer == args[2]]
    for entry in gone:
        del group.pending[entry]
    return len(gone)


def _xinfo_consumers(keys: Keyspace, args: Sequence[bytes]) -> list[list[object]]:
    """Carry out XINFO CONSUMERS key group."""
    group = _found_group(keys, args[0], args[1], "ERR no such key")
    held = Counter(pending.consumer for pending in group.pending.values())
    return [
        [b"name", name, b"pending", held[name], b"idle", keys.at_ms - seen_ms]
        for name, seen_ms in sorted(group.seen_ms.items())
    ]


def _found_group(keys: Keyspace, key: bytes, name: bytes, no_key: str) -> Group:
    stream = keys.find(key, Stream)
    if stream is None:
        raise failure(no_key)
    if name not in stream.groups:
        raise failure(f"NOGROUP No such consumer group '{name.decode()}' for key name '{key.decode()}'")
    return stream.groups[name]


def _memory_usage(keys: Keyspace, args: Sequence[bytes]) -> int | None:
    """Carry out MEMORY USAGE key [SAMPLES n] of a stream, reckoning only what its entries hold."""
    stream = keys.find(args[0], Stream)
    return None if stream is None else sum(len(part) for fields in stream.entries.values() for part in fields)


def _xtrim(keys: Keyspace, args: Sequence[bytes]) -> int:
    """Carry out XTRIM key MAXLEN | MINID [= | ~] bound."""
    trim = _trimming(list(args[1:]))
    stream = keys.find(args[0], Stream) or Stream()
    before = len(stream.entries)
    trim(stream)
    return before - len(stream.entries)


def _xautoclaim(keys: Keyspace, args: Sequence[bytes]) -> list[object]:
    """Carry out XAUTOCLAIM key group consumer idle start [COUNT n]."""
    key, name, consumer, idle, start, *options = args
    least = max(0, integer(idle, "ERR Invalid min-idle-time argument for XAUTOCLAIM"))
    first, count = read_id(start), _count(options, 100)
    stream = keys.find(key, Stream)
    group = stream.groups.get(name) if stream else None
    if stream is None or group is None:
        raise _no_group(key, name)
    group.seen_ms[consumer] = keys.at_ms
    waiting = sorted(entry for entry in group.pending if entry >= first)
    claimed: list[object] = []
    gone: list[object] = []
    scanned = 0
    while scanned < min(len(waiting), count * SCANNED) and len(claimed) + len(gone) < count:
        entry = waiting[scanned]
        scanned += 1
        if entry not in stream.entries:
            del group.pending[entry]
            gone.append(written(entry))
        elif keys.at_ms - group.pending[entry].since_ms >= least:
            group.pending[entry] = Pending(consumer, keys.at_ms)
            claimed.append(stream.shown(entry))
    following = waiting[scanned] if scanned < len(waiting) else START
    return [written(following), claimed, gone]


def _count(options: list[bytes], usual: int) -> int:
    if not options:
        return usual
    if len(options) != 2 or options[0].upper() != b"COUNT":
        raise syntax_error()
    count = integer(options[1])
    if count < 1:
        raise failure("ERR COUNT must be > 0")
    return count


def _no_group(key: bytes, group: bytes, where: str = "") -> ResponseError:
    return failure(f"NOGROUP No such key '{key.decode()}' or consumer group '{group.decode()}'{where}")


COMMANDS = {
    b"XADD": Command(_xadd, 4),
    b"XLEN": Command(_xlen, 1, 1),
    b"XRANGE": Command(_xrange, 3, 5),
    b"XDEL": Command(_xdel, 2),
    b"XACK": Command(_xack, 3),
    b"XGROUP CREATE": Command(_xgroup_create, 3, 6),
    b"XGROUP DELCONSUMER": Command(_xgroup_delconsumer, 3, 3),
    b"XINFO CONSUMERS": Command(_xinfo_consumers, 2, 2),
    b"XTRIM": Command(_xtrim, 3, 4),
    b"XAUTOCLAIM": Command(_xautoclaim, 5),
    b"MEMORY USAGE": Command(_memory_usage, 1, 3),
}
