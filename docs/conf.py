"""How the documents become a site: `make docs`. Sphinx reads them where they are, from the project's top folder."""

import html
import re
from collections.abc import Callable, Sequence
from importlib.metadata import version as installed
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

NAVIGATION = {
    "Try": ("docs/play",),
    "Set up": (
        "docs/setup",
        "docs/deployment",
        "docs/redis",
        "docs/permissions",
        "docs/settings",
        "docs/bridge-toml",
        "docs/command-line",
    ),
    "Use": ("docs/in-slack",),
    "Operate": ("docs/runbook", "docs/complaints", "docs/tasks", "docs/metrics", "docs/capacity"),
    "Secure": ("docs/security", "SECURITY"),
    "Understand": ("docs/design", "docs/guarantees", "docs/events", "docs/glossary", "docs/decisions/README"),
    "Change": ("CONTRIBUTING", "docs/test-plan", "docs/simulators", "docs/benchmarks", "deploy/README", "CHANGELOG"),
}
"""The pages by reader, in their order. A page that is missing here fails the build."""

PICTURE = re.compile(
    r'<picture>\s*<source [^>]*srcset="([^"]+)">\s*<img alt="([^"]+)" src="([^"]+)"[^>]*>\s*</picture>'
)
TABLE = re.compile(r"<table.*?</table>", re.DOTALL)
HEAD, ROW = re.compile(r"<th[ >].*?</th>", re.DOTALL), re.compile(r"<tr[ >].*?</tr>", re.DOTALL)
CELL, TAG = re.compile(r"<td(?=[ >])"), re.compile(r"<[^>]+>")

project = "pagebridge"
version = release = installed("pagebridge")
extensions = ["myst_parser"]
root_doc = "README"
include_patterns = ["*.md", "deploy/*.md", "docs/*.md", "docs/decisions/*.md"]
exclude_patterns = [".*", "tests", "*.egg-info"]
myst_enable_extensions = ["attrs_inline"]
myst_fence_as_directive = ["mermaid"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = f"pagebridge {version}"
html_show_sphinx = html_show_copyright = False
html_copy_source = False
html_extra_path = ["site"]
html_static_path = ["style"]
html_css_files = ["site.css"]
highlight_language = "none"


class Mermaid(Directive):
    """Shows the picture of a diagram in its place; `tests/pagebridge/test_documents.py` holds both together."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the picture of the one diagram that there is."""
        picture = nodes.image(uri="life-of-an-incident.svg", alt="The diagram, as a picture")
        return [nodes.container("", picture, classes=["wide"])]


def adapt(_app: Sphinx, page: str, source: list[str]) -> None:
    """Give the first page the list of all pages, and each picture for light and dark the classes of the theme."""
    source[0] = PICTURE.sub(r"![\2](\3){.only-light}\n![\2](\1){.only-dark}", source[0])
    if page == root_doc:
        source[0] += "".join(
            f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{chr(10).join(pages)}\n```\n"
            for caption, pages in NAVIGATION.items()
        )
    if page == "docs/decisions/README":
        source[0] += "\n```{toctree}\n:hidden:\n:glob:\n\n0*\n```\n"


def label(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: nodes.document | None) -> None:
    """Give each cell of a table the head of its column, which stands before it where the screen is narrow."""
    if "body" in context:
        context["body"] = TABLE.sub(lambda table: ROW.sub(_labelled(HEAD.findall(table[0])), table[0]), context["body"])


def _labelled(heads: Sequence[str]) -> Callable[[re.Match[str]], str]:
    """Return what puts these heads into the cells of a row."""
    labels = [html.escape(html.unescape(TAG.sub("", head)).strip()) for head in heads]

    def row(found: re.Match[str]) -> str:
        cells = iter(labels)
        return CELL.sub(lambda _: f'<td data-label="{next(cells, "")}"', found[0])

    return row


def setup(app: Sphinx) -> dict[str, Any]:
    """Register what is above."""
    app.add_directive("mermaid", Mermaid)
    app.connect("source-read", adapt)
    app.connect("html-page-context", label)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
