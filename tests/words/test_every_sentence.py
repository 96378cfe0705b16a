"""No sentence can be added to the product that is not on a page of words."""

from collections.abc import Mapping

import pytest

from tests.words.page import FOLDER, UPDATE
from tests.words.sentences import ROOT, Sentence, modules, normal, sentences

DOCUMENTS: Mapping[str, tuple[str, ...]] = {
    "pagebridge/cli/settings.py": ("docs/settings.md", ".env.example"),
    "shared/diagnostics/credential_checks.py": ("docs/security.md",),
    "shared/config/settings.py": ("docs/settings.md", ".env.example"),
    "shared/pagerduty/api/auth.py": ("docs/security.md",),
}
"""The modules whose words are in a document too, which a test of its own keeps up to date."""


def test_every_sentence_is_on_a_page(pytestconfig: pytest.Config) -> None:
    """Each sentence of the source is on a page as it is shown, or in the document that is made of its module."""
    if pytestconfig.getoption(UPDATE):
        pytest.skip("the pages are being written")
    pages = normal("\n".join(page.read_text() for page in sorted(FOLDER.glob("*.md"))))
    unseen = [one for module in modules() for one in sentences(module) if not _is_on(one, pages)]
    if unseen:
        told = "Add a case for each of these to a test in tests/words, then run `make words`:"
        pytest.fail("\n".join([told, *map(str, unseen)]), pytrace=False)


def _is_on(sentence: Sentence, pages: str) -> bool:
    documents = (normal((ROOT / name).read_text()) for name in DOCUMENTS.get(sentence.module, ()))
    return any(sentence.pattern.search(text) for text in (pages, *documents))
