"""What documents say to type: commands can be parsed, pieces of configuration read, files and services are there."""

import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import yaml

from pagebridge import cli
from shared.config.bridge_config import BridgeConfig

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    str(path.relative_to(ROOT)) for folder in (".", "docs", "deploy") for path in ROOT.glob(f"{folder}/*.md")
)
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
PLACEHOLDER = re.compile(r"<\w[^<>]*>")
ANYTHING = "1700000000000-0"
"""Stands for what a reader puts in place of `<id>`."""


def fences(document: str, *languages: str) -> list[str]:
    """List the fences of a document in one of these languages."""
    text = (ROOT / document).read_text("utf-8")
    return [found for language, found in FENCE.findall(text) if language in languages]


def scripts(document: str) -> list[str]:
    """List what is typed in each fence for a shell, without prompts and output."""
    prompts = (re.findall(r"^ *\$ (.*(?:\\\n.*)*)", text, re.MULTILINE) for text in fences(document, "console"))
    return [PLACEHOLDER.sub(ANYTHING, text) for text in (*fences(document, "sh", "bash"), *map("\n".join, prompts))]


def lines(document: str, program: str) -> Iterator[str]:
    """Give each line of a program that stands in a fence or in backquotes."""
    prose = FENCE.sub("", (ROOT / document).read_text("utf-8"))
    typed = [line.strip() for text in scripts(document) for line in text.replace("\\\n", " ").splitlines()]
    quoted = [PLACEHOLDER.sub(ANYTHING, " ".join(code.split())) for code in re.findall(r"`([^`]+)`", prose)]
    for line in (*typed, *quoted):
        if found := re.match(rf"(?:.*(?:(?:exec|no-deps) worker|--|[A-Z_]+=\S+) )?({program} [^|&;#>]+)", line):
            yield found[1].strip()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_fence_is_a_script(document: str) -> None:
    """A shell finds no fault in its syntax."""
    for script in scripts(document):
        done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)  # noqa: S607
        assert 0 == done.returncode, f"{script}\n{done.stderr}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_command_is_one_that_there_is(document: str) -> None:
    """Its options and arguments are those of the command line. Nothing is carried out."""
    for line in lines(document, "pagebridge"):
        _, *words = shlex.split(line)
        command = typer.main.get_command(cli._command_line(words))
        if words[0].startswith("-"):  # such an option acts at once, where it is parsed
            assert words[0] in {name for each in command.params for name in each.opts}, line
            continue
        while (below := getattr(command, "commands", {})) and words and not words[0].startswith("-"):
            assert words[0] in below, line
            command = below[words.pop(0)]
        # A command that is only mentioned, such as "`pagebridge why` tells", lacks what it needs.
        command.make_context("", words, resilient_parsing=not words)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_target_is_one_that_there_is(document: str) -> None:
    """The Makefile has it."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert [] == [line for line in lines(document, "make") if line.split()[1] not in targets]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_services_and_files_of_compose_are_there(document: str) -> None:
    """Each file is there, and each service that a command names is in the first one."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"].keys()
    for line in lines(document, "docker compose"):
        assert [] == [file for file in re.findall(r"-f (\S+)", line) if not (ROOT / file).exists()]
        verb, *words = re.sub(r" (?:-f|-s|--entrypoint|--scale) \S+| -\S*", "", line).split()[2:]
        named = words[:1] if verb in {"exec", "run"} else words
        assert [] == [word for word in named if word not in services], line


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_piece_of_configuration_is_taken(document: str) -> None:
    """What stands there of `bridge.toml` is valid by itself, and YAML can be read."""
    for text in fences(document, "toml"):
        BridgeConfig.model_validate(tomllib.loads(text))
    for text in fences(document, "yaml"):
        assert isinstance(yaml.safe_load(text), dict), text
