"""Whether the process of this container, receiver or worker, is ready: the exit code tells. Only Python is needed."""

import http.client
import os
import sys

PORTS = (os.environ.get("RECEIVER_ADMIN_PORT") or "8082", os.environ.get("WORKER_PORT") or "8081")
TIMEOUT = 2.0
"""Seconds that an answer may take."""


def ready(port: int) -> bool:
    """Ask one port, on which only one of the two processes would answer."""
    connection = http.client.HTTPConnection("localhost", port, timeout=TIMEOUT)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if any(ready(int(port)) for port in PORTS) else 1)
