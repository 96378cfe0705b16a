"""`tools/prepare`: makes `.venv` once, says plainly what is missing, and does an interrupted job again."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PYTHON = """\
#!/bin/sh
# A Python that answers what prepare asks, and keeps what it is told to do.
echo "$*" >>"{calls}"
case "$*" in
    *version_info*\\>=*) echo True ;;
    *ensurepip*) echo {venv} ;;
    *version_info*) echo 3.11 ;;
    "-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *install*) test ! -e broken ;;
esac
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Make a directory with what `tools/prepare` looks at."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools/prepare", tmp_path / "tools")
    for name in (*(f"requirements{lock}.txt" for lock in ("", "-dev", "-docs", "-release")), "pyproject.toml"):
        (tmp_path / name).write_text("first\n")
    return tmp_path


def make_python(clone: Path, *, venv: bool = True) -> Path:
    """Put a stand-in for Python beside the clone."""
    return script(clone / "python", PYTHON.format(calls=clone / "calls", venv=venv))


def script(path: Path, text: str) -> Path:
    """Write something that can be run."""
    path.write_text(text)
    path.chmod(0o700)
    return path


def prepare(clone: Path, python: Path, what: str = "run") -> subprocess.CompletedProcess[str]:
    """Run `tools/prepare` with one Python to choose from."""
    environment = {"PATH": "/usr/bin:/bin", "PYTHON": str(python)}
    return subprocess.run(  # noqa: S603 - our own script
        [clone / "tools/prepare", what], capture_output=True, text=True, check=False, env=environment
    )


def calls(clone: Path) -> list[str]:
    """List what the Python was told to install since the last look."""
    log = clone / "calls"
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return [line for line in lines if "pip install" in line or "-m venv" in line]


def test_an_old_python_is_named(clone: Path) -> None:
    """Whoever has only an old Python reads which one was found and what is needed."""
    said = prepare(clone, script(clone / "python", "#!/bin/sh\necho Python 3.9.18\n"))
    assert said.returncode == 1
    assert "Python 3.11 or newer is needed" in said.stderr
    assert "Python 3.9.18" in said.stderr


def test_no_python_at_all_is_named(clone: Path) -> None:
    """A Python that is not there is not a riddle of the shell."""
    said = prepare(clone, clone / "nowhere")
    assert said.returncode == 1
    assert said.stderr.startswith("Python 3.11 or newer is needed")


def test_a_missing_venv_module_is_named_with_its_package(clone: Path) -> None:
    """On Debian the module comes in a package of its own, which the message names."""
    said = prepare(clone, make_python(clone, venv=False))
    assert said.returncode == 1
    assert "apt install python3.11-venv" in said.stderr


def test_it_installs_once_and_again_only_after_a_change(clone: Path) -> None:
    """The lock is installed with its hashes, then the project; a second time nothing is done, until a lock changes."""
    python = make_python(clone)
    assert prepare(clone, python).returncode == 0
    made, lock, project = calls(clone)
    assert made == "-m venv --clear .venv"
    assert lock.endswith("--require-hashes -r requirements.txt")
    assert project.endswith("--no-deps --no-build-isolation -e .")
    assert prepare(clone, python).returncode == 0
    assert calls(clone) == []
    (clone / "requirements.txt").write_text("second\n")
    assert prepare(clone, python).returncode == 0
    assert len(calls(clone)) == 2


def test_it_says_what_it_is_doing(clone: Path) -> None:
    """The first time may be long, so each part of it is announced; when nothing is to do, nothing is said."""
    (clone / "requirements.txt").write_text("first==1 \\\n    --hash=sha256:a\nsecond==2\n")
    python = make_python(clone)
    assert prepare(clone, python).stderr.splitlines() == [
        "Setting up a virtual environment (first time only, about 30 s)",
        f"  Creating .venv with {python}",
        "  Installing the 2 packages of requirements.txt ",
        "  Installing pagebridge ",
    ]
    assert prepare(clone, python).stderr == ""


def test_what_is_ready_for_tests_is_ready_to_run(clone: Path) -> None:
    """The lock for development holds the other, so `make demo` after `make test` starts at once."""
    python = make_python(clone)
    prepare(clone, python, "dev")
    assert "-r requirements-dev.txt" in calls(clone)[1]
    prepare(clone, python, "run")
    assert calls(clone) == []


def test_an_interrupted_installation_is_done_again(clone: Path) -> None:
    """What failed half way is not taken for ready."""
    python = make_python(clone)
    (clone / "broken").touch()
    said = prepare(clone, python)
    assert said.returncode == 1
    assert "could not be installed" in said.stderr
    (clone / "broken").unlink()
    calls(clone)
    assert prepare(clone, python).returncode == 0
    assert len(calls(clone)) == 2


def test_a_moved_clone_gets_a_new_environment(clone: Path) -> None:
    """A virtual environment has its own path in it; one that was moved is made anew."""
    prepare(clone, make_python(clone))
    moved = clone.rename(clone.with_name("moved"))
    python = make_python(moved)
    calls(moved)
    assert prepare(moved, python).returncode == 0
    assert "-m venv --clear .venv" in calls(moved)


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_make_alone_lists_its_targets() -> None:
    """Each target is listed with what it does, in lines that fit every terminal."""
    listed = subprocess.run(["make", "-C", str(ROOT)], capture_output=True, text=True, check=True)  # noqa: S603, S607
    lines = [line for line in listed.stdout.splitlines() if line.startswith("  make ")]
    assert [line.split()[1] for line in lines][:3] == ["help", "demo", "play"]
    assert all(len(line) <= 80 for line in lines)


def test_a_link_to_another_environment_is_replaced(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Making a new one in its place would empty what the link leads to."""
    other = tmp_path_factory.mktemp("other")
    (other / "kept").touch()
    (clone / ".venv").symlink_to(other)

    assert 0 == prepare(clone, make_python(clone)).returncode

    assert (other / "kept").exists()
    assert not (clone / ".venv").is_symlink()
