"""Canvases, and who may read them."""

from dataclasses import dataclass, field


@dataclass
class Canvas:
    """One canvas; `access` is by the ids of people, who can't read it otherwise."""

    id: str
    title: str
    markdown: str
    access: dict[str, str] = field(default_factory=dict)
