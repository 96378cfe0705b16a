"""The loopback address, free ports on it, and an environment without proxies, for local processes."""

import random
import socket
from collections.abc import Mapping

HOST = "127.0.0.1"


def free_ports(number: int) -> list[int]:
    """
    Find ports that no one listens on.

    From below the range out of which the system takes ports for connections: there one could be gone again at once.
    """
    ports: list[int] = []
    while len(ports) < number:
        port = random.randrange(20_000, 32_000)  # noqa: S311 - nothing secret
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if port not in ports and _is_free(probe, port):
                ports.append(port)
    return ports


def without_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """Leave out what would lead calls to this machine through a proxy."""
    return {name: value for name, value in environment.items() if not name.lower().endswith("_proxy")}


def _is_free(probe: socket.socket, port: int) -> bool:
    try:
        probe.bind((HOST, port))
    except OSError:
        return False
    return True
