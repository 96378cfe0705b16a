"""
Whether the process of this container, receiver or worker, is ready: the exit code says so. Only Python is needed.

What the process answers at `/readyz` is printed, for a person who runs this in the container.
"""

import http.client
import os
import sys

PORTS = (os.environ.get("RECEIVER_ADMIN_PORT") or "8082", os.environ.get("WORKER_PORT") or "8081")
TIMEOUT = 2.0
"""Seconds that an answer may take."""


def answer(port: int) -> tuple[bool, str] | None:
    """Return whether the process is ready, and its answer; None if none answers on this port."""
    connection = http.client.HTTPConnection("localhost", port, timeout=TIMEOUT)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        return response.status == http.client.OK, response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


if __name__ == "__main__":
    found = [each for port in PORTS if (each := answer(int(port)))]
    sys.stdout.writelines(
        f"{details}\n" for _, details in found or [(False, f"no answer on port {' or '.join(PORTS)}")]
    )
    sys.exit(0 if any(ready for ready, _ in found) else 1)
