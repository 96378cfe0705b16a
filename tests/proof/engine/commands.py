"""Commands on strings, hashes, sorted sets and lists, and on keys of any type."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.proof.engine.keyspace import (
    MOST,
    Command,
    Hash,
    Keyspace,
    Row,
    SortedSet,
    Text,
    failure,
    integer,
    number,
    score,
    syntax_error,
)

SECOND = 1000
OK = b"OK"


def _get(keys: Keyspace, args: Sequence[bytes]) -> bytes | None:
    return keys.find(args[0], Text)


def _mget(keys: Keyspace, args: Sequence[bytes]) -> list[bytes | None]:
    found = (keys.value(key) for key in args)
    return [value if isinstance(value, Text) else None for value in found]


def _set(keys: Keyspace, args: Sequence[bytes]) -> bytes | None:
    """Carry out SET key value [NX] [EX seconds | PX milliseconds]."""
    key, value, *options = args
    only_new, expires_ms = False, None
    while options:
        option = options.pop(0).upper()
        if option == b"NX" and not only_new:
            only_new = True
        elif option in (b"EX", b"PX") and options and expires_ms is None:
            expires_ms = keys.at_ms + _lasting(options.pop(0), SECOND if option == b"EX" else 1)
        else:
            raise syntax_error()
    if only_new and keys.value(key) is not None:
        return None
    keys.put(key, Text(value), expires_ms)
    return OK


def _lasting(text: bytes, unit_ms: int) -> int:
    lasting = integer(text)
    if not 0 < lasting < MOST // unit_ms:
        raise failure("ERR invalid expire time in 'set' command")
    return lasting * unit_ms


def _incr(keys: Keyspace, args: Sequence[bytes]) -> int:
    found = keys.find(args[0], Text)
    value = integer(b"0" if found is None else found) + 1
    if value == MOST:
        raise failure("ERR increment or decrement would overflow")
    keys.replace(args[0], Text(b"%d" % value))
    return value


def _del(keys: Keyspace, args: Sequence[bytes]) -> int:
    return sum(keys.value(key) is not None and keys.delete(key) for key in args)


def _exists(keys: Keyspace, args: Sequence[bytes]) -> int:
    return sum(keys.value(key) is not None for key in args)


def _expire(keys: Keyspace, args: Sequence[bytes]) -> int:
    return int(keys.expire(args[0], keys.at_ms + integer(args[1]) * SECOND))


def _pexpire(keys: Keyspace, args: Sequence[bytes]) -> int:
    return int(keys.expire(args[0], keys.at_ms + integer(args[1])))


def _pttl(keys: Keyspace, args: Sequence[bytes]) -> int:
    if keys.value(args[0]) is None:
        return -2
    expires_ms = keys.expiry(args[0])
    return -1 if expires_ms is None else expires_ms - keys.at_ms


def _hset(keys: Keyspace, args: Sequence[bytes]) -> int:
    key, *pairs = args
    if len(pairs) % 2:
        raise failure("ERR wrong number of arguments for 'hset' command")
    values = keys.find_or_make(key, Hash)
    before = len(values)
    values.update(zip(pairs[::2], pairs[1::2], strict=True))
    return len(values) - before


def _hget(keys: Keyspace, args: Sequence[bytes]) -> bytes | None:
    return (keys.find(args[0], Hash) or Hash()).get(args[1])


def _hmget(keys: Keyspace, args: Sequence[bytes]) -> list[bytes | None]:
    values = keys.find(args[0], Hash) or Hash()
    return [values.get(field) for field in args[1:]]


def _hgetall(keys: Keyspace, args: Sequence[bytes]) -> list[bytes]:
    return [part for item in (keys.find(args[0], Hash) or Hash()).items() for part in item]


def _hdel(keys: Keyspace, args: Sequence[bytes]) -> int:
    values = keys.find(args[0], Hash) or Hash()
    gone = sum(values.pop(field, None) is not None for field in args[1:])
    keys.drop_if_empty(args[0])
    return gone


def _hincrby(keys: Keyspace, args: Sequence[bytes]) -> int:
    key, field, by = args
    step = integer(by)
    found = keys.find(key, Hash) or Hash()
    value = integer(found.get(field, b"0"), "ERR hash value is not an integer") + step
    if not -MOST <= value < MOST:
        raise failure("ERR increment or decrement would overflow")
    keys.find_or_make(key, Hash)[field] = b"%d" % value
    return value


def _zadd(keys: Keyspace, args: Sequence[bytes]) -> int:
    """Carry out ZADD key [LT] score member [score member ...]."""
    key, *pairs = args
    lower = pairs[0].upper() == b"LT"
    pairs = pairs[lower:]
    if len(pairs) % 2:
        raise syntax_error()
    scores = [score(text) for text in pairs[::2]]
    members = keys.find_or_make(key, SortedSet)
    before = len(members)
    for member, at in zip(pairs[1::2], scores, strict=True):
        if not lower or at < members.get(member, at + 1):
            members[member] = at
    return len(members) - before


def _zrem(keys: Keyspace, args: Sequence[bytes]) -> int:
    members = keys.find(args[0], SortedSet) or SortedSet()
    gone = sum(members.pop(member, None) is not None for member in args[1:])
    keys.drop_if_empty(args[0])
    return gone


def _zrangebyscore(keys: Keyspace, args: Sequence[bytes]) -> list[bytes]:
    least, most = (score(end, "ERR min or max is not a float") for end in args[1:3])
    members = keys.find(args[0], SortedSet) or SortedSet()
    return [member for member, at in members.ranked() if least <= at <= most]


def _zcount(keys: Keyspace, args: Sequence[bytes]) -> int:
    return len(_zrangebyscore(keys, args))


def _zremrangebyscore(keys: Keyspace, args: Sequence[bytes]) -> int:
    return _zrem(keys, [args[0], *_zrangebyscore(keys, args)])


def _zrank(keys: Keyspace, args: Sequence[bytes]) -> int | None:
    members = keys.find(args[0], SortedSet) or SortedSet()
    ranks = {member: rank for rank, (member, _) in enumerate(members.ranked())}
    return ranks.get(args[1])


def _zcard(keys: Keyspace, args: Sequence[bytes]) -> int:
    return len(keys.find(args[0], SortedSet) or ())


def _zscore(keys: Keyspace, args: Sequence[bytes]) -> bytes | None:
    found = (keys.find(args[0], SortedSet) or SortedSet()).get(args[1])
    return None if found is None else number(found)


def _zrange(keys: Keyspace, args: Sequence[bytes]) -> list[bytes]:
    return _ranged(keys, args, backwards=False)


def _zrevrange(keys: Keyspace, args: Sequence[bytes]) -> list[bytes]:
    return _ranged(keys, args, backwards=True)


def _ranged(keys: Keyspace, args: Sequence[bytes], *, backwards: bool) -> list[bytes]:
    """Carry out Z(REV)RANGE key start stop [WITHSCORES], by rank."""
    key, *bounds = args[:3]
    options = [option.upper() for option in args[3:]]
    if options not in ([], [b"WITHSCORES"]):
        raise syntax_error()
    first, last = map(integer, bounds)
    found = (keys.find(key, SortedSet) or SortedSet()).ranked()
    if backwards:
        found.reverse()
    size = len(found)
    chosen = found[max(0, first + size * (first < 0)) : max(0, last + size * (last < 0) + 1)]
    if options:
        return [part for member, at in chosen for part in (member, number(at))]
    return [member for member, _ in chosen]


def _rpush(keys: Keyspace, args: Sequence[bytes]) -> int:
    row = keys.find_or_make(args[0], Row)
    row.extend(args[1:])
    keys.grown.append(args[0])
    return len(row)


def _lpop(keys: Keyspace, args: Sequence[bytes]) -> bytes | None:
    row = keys.find(args[0], Row)
    first = row.pop(0) if row else None
    keys.drop_if_empty(args[0])
    return first


def _lindex(keys: Keyspace, args: Sequence[bytes]) -> bytes | None:
    row = keys.find(args[0], Row)
    if row is None:
        return None
    place = integer(args[1])
    return row[place] if -len(row) <= place < len(row) else None


def _lrange(keys: Keyspace, args: Sequence[bytes]) -> list[bytes]:
    first, last = map(integer, args[1:3])
    row: Sequence[bytes] = keys.find(args[0], Row) or ()
    size = len(row)
    return list(row[max(0, first + size * (first < 0)) : max(0, last + size * (last < 0) + 1)])


def _llen(keys: Keyspace, args: Sequence[bytes]) -> int:
    return len(keys.find(args[0], Row) or ())


@dataclass(frozen=True)
class RowWait:
    """BLMOVE key key LEFT LEFT seconds: wait until the list has something in it, which stays. `block` is in ms."""

    key: bytes
    block: int

    @classmethod
    def parse(cls, args: Sequence[bytes]) -> "RowWait":
        """Read the arguments."""
        if args[0] != args[1] or [end.upper() for end in args[2:4]] != [b"LEFT", b"LEFT"]:
            raise NotImplementedError("BLMOVE to another place")
        return cls(args[0], round(score(args[4]) * SECOND))

    def carry_out(self, keys: Keyspace) -> bytes | None:
        """Give the first element; None when there is none."""
        row = keys.find(self.key, Row)
        return row[0] if row else None


COMMANDS = {
    b"RPUSH": Command(_rpush, 2),
    b"LPOP": Command(_lpop, 1, 1),
    b"LINDEX": Command(_lindex, 2, 2),
    b"LRANGE": Command(_lrange, 3, 3),
    b"LLEN": Command(_llen, 1, 1),
    b"GET": Command(_get, 1, 1),
    b"MGET": Command(_mget, 1),
    b"SET": Command(_set, 2),
    b"INCR": Command(_incr, 1, 1),
    b"DEL": Command(_del, 1),
    b"EXISTS": Command(_exists, 1),
    b"EXPIRE": Command(_expire, 2, 2),
    b"PEXPIRE": Command(_pexpire, 2, 2),
    b"PTTL": Command(_pttl, 1, 1),
    b"HSET": Command(_hset, 3),
    b"HGET": Command(_hget, 2, 2),
    b"HMGET": Command(_hmget, 2),
    b"HGETALL": Command(_hgetall, 1, 1),
    b"HDEL": Command(_hdel, 2),
    b"HINCRBY": Command(_hincrby, 3, 3),
    b"ZADD": Command(_zadd, 3),
    b"ZREM": Command(_zrem, 2),
    b"ZREMRANGEBYSCORE": Command(_zremrangebyscore, 3, 3),
    b"ZRANGEBYSCORE": Command(_zrangebyscore, 3, 3),
    b"ZCOUNT": Command(_zcount, 3, 3),
    b"ZRANK": Command(_zrank, 2, 2),
    b"ZCARD": Command(_zcard, 1, 1),
    b"ZSCORE": Command(_zscore, 2, 2),
    b"ZRANGE": Command(_zrange, 3),
    b"ZREVRANGE": Command(_zrevrange, 3),
}
