"""The units for a machine with systemd: its own check finds nothing, and they are as closed as they say."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.users import ROOT

UNITS = sorted((ROOT / "deploy/systemd").iterdir())
MOST_EXPOSED = 2.0
"""Of 10, by `systemd-analyze security`: below 2 is its best grade."""


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """Put the units where their program exists, with the instance that a template needs."""
    for unit in UNITS:
        text = unit.read_text("utf-8").replace("/opt/pagebridge/bin/python", "/bin/sh")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    return tmp_path


def analyzed(*arguments: str | Path) -> str:
    """Run systemd's own tool, which has nothing to say against it; skip where it is not."""
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not here: apt-get install systemd")
    done = subprocess.run([tool, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 -- ours
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_nothing_wrong(units: Path, unit: Path) -> None:
    """Every line is one that systemd knows, and what it names is there."""
    instance = unit.name.replace("@.", "@1.")
    (units / instance).exists() or shutil.copy(units / unit.name, units / instance)

    assert "" == analyzed("verify", "--man=no", "--recursive-errors=no", units / instance).strip()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_they_are_closed(units: Path, unit: Path) -> None:
    """By systemd's own measure they may do little more than talk to the network."""
    said = analyzed("security", "--offline=yes", "--no-pager", units / unit.name)
    exposed = re.search(r"Overall exposure level for .*: ([0-9.]+)", said)

    assert exposed
    assert float(exposed[1]) < MOST_EXPOSED, said


def test_each_has_its_own_settings_and_ends_cleanly() -> None:
    """Receiver and worker have files of their own and time to finish; a wrong setting is not tried again."""
    texts = [unit.read_text("utf-8") for unit in UNITS]
    files = [re.findall(r"^EnvironmentFile=(.*)$", text, re.MULTILINE) for text in texts]

    assert [["/etc/pagebridge/receiver.env"], ["/etc/pagebridge/worker.env"]] == files
    for text in texts:
        assert {"TimeoutStopSec=20", "RestartPreventExitStatus=2", "DynamicUser=yes"} <= set(text.splitlines())
