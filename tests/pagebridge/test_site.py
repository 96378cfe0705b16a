"""The site of the documents: on a phone and on a wide screen nothing is cut, and no table has to be scrolled."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.pagebridge_sandbox.page.browser import installed_chromium, run_chromium

ROOT = Path(__file__).parents[2]
CUT = """() => {
  const width = document.documentElement.clientWidth;
  const scrolls = (each) => each.closest("pre, .wide");
  const beyond = [...document.querySelectorAll(".content *")].filter((each) =>
    each.getBoundingClientRect().right > width + 1 && !scrolls(each));
  const tables = [...document.querySelectorAll(".table-wrapper")].filter((each) =>
    each.scrollWidth > each.clientWidth);
  return [...beyond, ...tables].map((each) => `${each.tagName}: ${each.textContent.trim().slice(0, 60)}`);
}"""
"""Lists what reaches beyond the window, and tables that are wider than their place; code and the diagram may scroll."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does."""
    if not find_spec("sphinx"):
        pytest.skip("Sphinx is not here: make docs installs it")
    if not installed_chromium():
        pytest.skip("Chromium is not here")
    folder = tmp_path_factory.mktemp("site")
    command = (
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "-c",
        "docs",
        "-d",
        folder / "doctrees",
        ".",
        folder / "html",
    )
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    assert 0 == done.returncode, done.stderr
    return folder / "html"


@pytest.mark.timeout(400)  # the site is built first
@pytest.mark.parametrize("width", [390, 1400])
def test_nothing_is_cut(site: Path, width: int) -> None:
    """Every page fits the window, and each cell of each table is seen, with the head of its column on a phone."""
    pages = [page for page in site.rglob("*.html") if page != site / "index.html"]  # it only leads to the README
    assert len(pages) > 60
    with run_chromium() as browser:
        window = browser.new_page(viewport={"width": width, "height": 844})
        for page in pages:
            window.goto(page.as_uri())
            assert [] == window.evaluate(CUT), page.name
        window.goto((site / "docs/runbook.html").as_uri())
        cell = window.locator("td[data-label=severity]").first
        shown = cell.evaluate("(each) => getComputedStyle(each, '::before').content")
    assert shown == ('"severity: "' if width < 700 else "none")
