"""The model of what workers and masters carry, and the charts of what was measured."""

from pathlib import Path

import pytest

from tests.bench.charts import CHARTS, draw
from tests.bench.measurement import Figure
from tests.bench.model import Costs, page, throughput, told

CAPACITY = Path(__file__).parents[2] / "docs/capacity.md"
BEGIN, END = "<!-- model:begin -->\n", "<!-- model:end -->\n"
COSTS = Costs(worker=4.0, redis=0.5, receiver=0.1, others=2.0)


@pytest.mark.parametrize(
    ("workers", "cores", "rate", "what"),
    [
        (1, None, 250, "the workers"),
        (4, None, 500, "what runs beside them"),
        (1, 1, 1000 / 6.6, "the cores"),
        (2, 2, 2000 / 6.6, "the cores"),
    ],
)
def test_the_scarcest_thing_decides(workers: int, cores: int | None, rate: float, what: str) -> None:
    """A worker's core, a process that all share, or the cores of one machine."""
    found, scarcest = throughput(COSTS, workers, cores)

    assert rate == pytest.approx(found)
    assert what == scarcest


def test_slack_ends_it() -> None:
    """A message a second and channel, and so many a minute of an app, whatever the bridge could do."""
    assert [1, 5, 5] == [told(channels) for channels in (1, 5, 20)]


def test_the_page_is_what_the_model_says(pytestconfig: pytest.Config) -> None:
    """The page on capacity has it; `make words` writes it."""
    head, begin, rest = CAPACITY.read_text("utf-8").partition(BEGIN)
    said, end, tail = rest.partition(END)
    wanted = "\n".join(page()) + "\n"
    if pytestconfig.getoption("--update-words"):
        CAPACITY.write_text(f"{head}{begin}{wanted}{end}{tail}", "utf-8")
    else:
        assert wanted == said, "if this is meant, run `make words`"


def test_charts_are_drawn_alike(tmp_path: Path) -> None:
    """The same figures give the same files, which stand on white and name no place of the machine."""
    pytest.importorskip("pygal", reason="the charts' library is not installed")
    figures = [
        Figure("PagerDuty takes 2 s to answer, workers: 1", "until the last of them", 16.1, "s", 60.0, "at most"),
        Figure("PagerDuty takes 0.1 s to answer, workers: 1", "until the last of them", 0.9, "s", 25.0, "at most"),
        Figure("One event of an incident with a history", "worker, after 1,000 lines", 5.0, "CPU ms"),
        Figure("Workers share the work, masters: 1", "2 at work: events", 300.0, "1/s", 290.0, "the model"),
    ]
    first, second = tmp_path / "first", tmp_path / "second"
    for directory in (first, second):
        directory.mkdir()
        draw(figures, directory)

    drawn = {path.name: path.read_text("utf-8") for path in sorted(first.iterdir())}
    assert drawn == {path.name: path.read_text("utf-8") for path in sorted(second.iterdir())}
    assert {f"{chart.file}.svg" for chart in CHARTS} - drawn.keys() == {"cost-over-open.svg"}
    for text in drawn.values():
        assert "white" in text
        assert "<script" not in text
        assert str(Path(__file__).parents[2]) not in text
