"""The figures as charts: SVG, on a white ground, the same for the same figures."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measurement import Figure

Points = list[tuple[str, float]]


@dataclass(frozen=True)
class Line:
    """One line of a chart: the figures whose section and name match, at what the group in either says."""

    name: str
    section: str
    what: str
    reference: bool = False
    """Whether it shows what stands beside the figures."""

    def points(self, figures: Sequence[Figure]) -> Points:
        """Return where the line goes."""
        found: Points = []
        for figure in figures:
            of_section, of_what = re.search(self.section, figure.section), re.search(self.what, figure.what)
            value = figure.reference if self.reference else figure.measured
            if of_section and of_what and value is not None:
                at = next(iter((*of_section.groups(), *of_what.groups())), "")
                found.append((at, value))
        return found


@dataclass(frozen=True)
class Chart:
    """A chart of lines, by its `file`, with what stands below and beside it."""

    file: str
    title: str
    below: str
    beside: str
    lines: tuple[Line, ...]


CHARTS = (
    Chart(
        "cost-over-lines",
        "One event of an incident that has many lines",
        "lines in the incident before",
        "CPU ms of the worker",
        (Line("one event", "with a history", r"worker, after ([\d,]+) lines"),),
    ),
    Chart(
        "cost-over-open",
        "One event beside many open incidents",
        "incidents that are open",
        "CPU ms of the worker",
        (Line("one event", "Many open incidents", r"one event beside ([\d,]+)"),),
    ),
    Chart(
        "throughput",
        "What workers take off one pile, on the cores that everything shares",
        "workers",
        "events a second",
        (
            Line("one Redis", "masters: 1$", r"^(\d+) at work"),
            Line("the model", "masters: 1$", r"^(\d+) at work", reference=True),
            Line("a Cluster of three masters", "masters: 3$", r"^(\d+) at work"),
        ),
    ),
    Chart(
        "slow-pagerduty",
        "50 incidents acknowledged by one press, by what PagerDuty takes to answer",
        "seconds that PagerDuty takes to answer",
        "seconds until the last of them",
        (
            Line("one worker", r"takes ([\d.]+) s to answer, workers: 1", "until the last of them"),
            Line("two workers", r"takes ([\d.]+) s to answer, workers: 2", "until the last of them"),
            Line("at most", r"takes ([\d.]+) s to answer, workers: 1", "until the last of them", reference=True),
        ),
    ),
)


def draw(figures: Sequence[Figure], directory: Path) -> list[Path]:
    """Draw each chart for which there are figures, and return the files."""
    drawn = []
    for chart in CHARTS:
        lines = {line.name: line.points(figures) for line in chart.lines}
        if any(lines.values()):
            drawn.append(directory / f"{chart.file}.svg")
            drawn[-1].write_text(_svg(chart, lines), "utf-8")
    return drawn


def _svg(chart: Chart, lines: dict[str, Points]) -> str:
    from pygal import Bar, Config  # noqa: PLC0415 -- only who draws needs it
    from pygal.style import Style  # noqa: PLC0415 -- likewise

    labels = sorted({at for points in lines.values() for at, _ in points}, key=lambda at: float(at.replace(",", "")))
    plain = Config(js=[], no_prefix=True, pretty_print=True, show_legend=len(lines) > 1, disable_xml_declaration=True)
    style = Style(background="white", plot_background="white", font_family="sans-serif", transition="none")
    drawing = Bar(plain, style=style, width=760, height=380, title=chart.title, legend_at_bottom=True)
    drawing.x_title, drawing.y_title, drawing.x_labels, drawing.print_values = chart.below, chart.beside, labels, True
    drawing.value_formatter = lambda value: f"{value:,.3g}" if value < 100 else f"{value:,.0f}"
    for name, points in lines.items():
        drawing.add(name, [dict(points).get(label) for label in labels])
    svg: str = drawing.render(is_unicode=True)
    # Its interpreter's script and version say nothing of the figures.
    return re.sub(r"<!--.*?-->|<script.*?</script>", "", svg, flags=re.DOTALL).strip() + "\n"
