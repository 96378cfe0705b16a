"""An authority of the tests' own, made with `openssl`, that certifies the servers of this machine."""

import atexit
import shutil
import ssl
import subprocess
import tempfile
from functools import cache
from pathlib import Path

OPENSSL = shutil.which("openssl") or ""
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")


class Authority:
    """Signs certificates. What trusts it is given its own, the file `certificate` in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.certificate = directory / "ca.pem"
        self._directory = directory
        _openssl(
            *("-keyout", directory / "ca.key", "-out", self.certificate, "-subj", "/CN=Authority of the tests"),
            *("-addext", "keyUsage=critical,keyCertSign"),
        )

    def server(self, *hosts: str) -> ssl.SSLContext:
        """Return the context of a server that is certified to be `hosts`."""
        key, certificate = self._directory / "server.key", self._directory / "server.pem"
        names = ",".join(f"IP:{host}" if host.replace(".", "").isdecimal() else f"DNS:{host}" for host in hosts)
        _openssl(
            *("-keyout", key, "-out", certificate, "-subj", "/CN=A server of the tests", "-CA", self.certificate),
            *("-CAkey", self._directory / "ca.key", "-addext", f"subjectAltName={names}"),
            *("-addext", "basicConstraints=critical,CA:FALSE"),
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context


@cache
def authority() -> Authority:
    """Return the authority that all forked processes of this one trust; its files are removed at the end."""
    directory = Path(tempfile.mkdtemp(prefix="authority-"))
    atexit.register(shutil.rmtree, directory)
    return Authority(directory)


def _openssl(*arguments: str | Path) -> None:
    subprocess.run([OPENSSL, "req", "-x509", *_KEY, *arguments], check=True, capture_output=True)  # noqa: S603 -- ours
