"""The addresses on which a server listens, and the one by which this machine calls it."""

ANY = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared
"""The addresses that stand for all of a machine's."""
LOOPBACK = "127.0.0.1"


def addresses(hosts: str) -> list[str]:
    """List what is separated by commas; `::` is every address of this machine, those of IPv4 as well."""
    named = [host.strip() for host in hosts.split(",")]
    # A socket of its own for them, because one for both would show IPv4 clients as IPv6, and not everywhere work.
    return list(dict.fromkeys([*named, "0.0.0.0"] if "::" in named else named))  # noqa: S104 - as the operator says


def from_here(hosts: str) -> str:
    """Return the address by which this machine calls a server that listens on `hosts`, as it stands in a URL."""
    first, *_ = named = addresses(hosts)
    if ANY.intersection(named):
        return LOOPBACK
    return f"[{first}]" if ":" in first else first
