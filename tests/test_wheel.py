"""The wheel, as people install it: outside of a checkout everything that the commands refer to is there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pagebridge_sandbox.demo.processes import without_proxies

ROOT = Path(__file__).parents[1]
IN_THE_WHEEL = "import pagebridge; print(pagebridge.__file__)"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and unpack it into a folder of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    files = run(ROOT, "git", "ls-files", "-z").stdout.split("\0")
    for name in filter(None, files):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    run(source, sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder))
    [wheel] = folder.glob("*.whl")
    target = folder / "installed"
    run(folder, sys.executable, "-m", "pip", "install", "-qq", "--no-deps", "--target", str(target), str(wheel))
    where = run(folder, sys.executable, "-c", IN_THE_WHEEL, **seen_alone(target)).stdout
    assert where.startswith(str(target))
    return target


def run(directory: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command, which ends well."""
    done = subprocess.run(  # noqa: S603 -- ours
        command,
        cwd=directory,
        env=without_proxies(os.environ) | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done


def pagebridge(installed: Path, directory: Path, *arguments: str) -> str:
    """Run the command as it was installed, and return what it prints."""
    program = installed / "bin/pagebridge"
    return run(directory, sys.executable, str(program), *arguments, **seen_alone(installed)).stdout


def seen_alone(installed: Path) -> dict[str, str]:
    """Return the environment in which the packages of the wheel hide those of the checkout."""
    return {"PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}


@pytest.mark.process
@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--version"], "pagebridge 0."),
        (["manifest"], "socket_mode_enabled: true"),
        (["settings", "--bridge-example"], "[routing]"),
        (["settings"], "SLACK_BOT_TOKEN="),
        (["init", "--help"], "bridge.toml"),
        (["doctor", "--help"], "--post"),
        (["demo"], "pagebridge init"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_works_from_the_wheel(installed: Path, tmp_path: Path, arguments: list[str], expected: str) -> None:
    """In an empty folder, with nothing of the checkout in sight."""
    assert expected in pagebridge(installed, tmp_path, *arguments)


@pytest.mark.process
@pytest.mark.timeout(180)
def test_the_page_of_play_is_in_the_wheel(installed: Path) -> None:
    """Every file of the page, in whatever folder, is served from an installation as from a checkout."""
    page = "pagebridge_sandbox/play/page"
    files = run(ROOT, "git", "ls-files", "-z", page).stdout.rstrip("\0").split("\0")

    assert f"{page}/index.html" in files
    assert [] == [name for name in files if not (installed / name).is_file()]
