"""A new state redraws only the parts of the page that changed."""

from playwright.sync_api import Page

from tests.pagebridge_sandbox.page.browser import Json

SHARE = """async ([before, next]) => {
  const { share } = await import("/page/js/share.js");
  const shared = share(before, next);
  return { shared, all: shared === before, kept: shared.list.map((each) => before.list.indexOf(each)) };
}"""
CHANGE = """async ([before, changes]) => {
  const { changed } = await import("/page/js/share.js");
  const next = changed(before, changes);
  const same = Object.keys(next).filter((name) => next[name] === before?.[name]);
  return { next, same, inner: next.b.x === before?.b.x };
}"""
DRAW_PANE = """async () => {
  const { html, Page, pane, render, usePage } = await import("/page/js/html.js");
  const box = document.createElement("div");
  document.body.replaceChildren(box);
  let drawn = 0;
  const Part = () => {
    const { state, view } = usePage();
    drawn += 1;
    return html`<p>${JSON.stringify([state, view])}</p>`;
  };
  const Pane = pane(Part, { state: ["hops"], view: ["hop"] });
  const seen = [];
  for (const [hops, breaks, hop, who] of [[1, 1, 1, 1], [1, 2, 1, 2], [2, 2, 1, 2], [2, 2, 2, 2]]) {
    const page = { state: { hops, breaks }, view: { hop, who } };
    render(html`<${Page.Provider} value=${page}><${Pane} /><//>`, box);
    await new Promise(requestAnimationFrame);
    seen.push([drawn, box.textContent]);
  }
  return seen;
}"""
"""Draws a part of the page, again with what it doesn't read changed, and with each that it reads changed."""
DRAW_ROWS = """async ([chosen, from, to]) => {
  const { html, render } = await import("/page/js/html.js");
  const { Rows, rowsOf } = await import("/page/js/bridge/hops.js");
  const box = document.createElement("div");
  document.body.replaceChildren(box);
  const hop = { from: "slack", to: "worker", ok: true, label: "a" };
  const hops = Array.from({ length: 100 }, (_, place) => ({ ...hop, id: `h${place}`, at_ms: place }));
  const { rows } = rowsOf(hops);
  const draw = (top) => {
    const given = { rows, hops, width: 600, from: top, to: top + 100, chosen };
    render(html`<svg><${Rows} ...${given} /></svg>`, box);
  };
  const drawn = () => [...box.querySelectorAll(".hop")].map((each) => each.dataset.hop);
  draw(from);
  const first = drawn();
  box.querySelector("[tabindex='0']").focus();
  draw(to);
  return [first, drawn()];
}"""
"""Draws the rows of a hundred hops that are near one place, puts the focus there, and draws those near another one."""
DRAW_AGAIN = """async (what) => {
  const { html, Page, render } = await import("/page/js/html.js");
  const { Messages } = await import("/page/js/slack/channel.js");
  const { Rows } = await import("/page/js/bridge/hops.js");
  const box = document.createElement("div");
  document.body.replaceChildren(box);
  let drawn = 0;
  const seen = (value) => {
    drawn += 1;
    return value;
  };
  const message = {
    ts: "1.2", channel: "C1", user: "U1", text: "Hi", attachments: [],
    get blocks() { return seen([]); },
  };
  const hop = {
    id: "a", from: "slack", to: "worker", at_ms: 1, ok: true, kind: "call",
    get label() { return seen("a"); },
  };
  const slack = { people: [], shortcuts: [], bot: null };
  const choose = () => {};
  const part = {
    message: () => html`<${Messages} messages=${[message]} label="Messages" />`,
    hop: () => {
      const rows = [{ y: 30 * counts.length, pause: 0 }];
      return html`<svg><${Rows} rows=${rows} hops=${[hop]} width=${600} from=${0} to=${900} choose=${choose} /></svg>`;
    },
  }[what];
  const known = { U1: "Alice Ng" };
  const counts = [];
  for (const [who, names] of [["U1", known], ["U1", known], ["U2", known], ["U2", { U1: "Alice Fox" }]]) {
    const page = { state: { slack: { ...slack } }, view: { who }, names };
    render(html`<${Page.Provider} value=${page}>${part()}<//>`, box);
    await new Promise(requestAnimationFrame);
    counts.push(drawn);
  }
  return [counts, box.textContent];
}"""
"""Draws it for one person, again when nothing has changed, for another one, and with another name; a hop further down
each time."""


def state() -> Json:
    """Make a part of a state."""
    return {"list": [{"id": "a", "in": {"n": [1, 2]}}, {"id": "b"}, {"id": "c"}], "words": ["x", "y"], "none": None}


def test_equal_parts_of_a_state_stay_the_same_objects(canvas: Page) -> None:
    """All of it when nothing has changed, else what is equal: entries of a list by their id, wherever they are now."""
    assert canvas.evaluate(SHARE, [state(), state()])["all"]
    changed = state()
    changed["list"] = [{"id": "b"}, {"id": "a", "in": {"n": [1, 3]}}, {"id": "new"}, {"id": "c"}]
    found = canvas.evaluate(SHARE, [state(), changed])
    assert (False, [1, -1, -1, 2]) == (found["all"], found["kept"])
    assert changed == found["shared"]


def test_what_has_changed_is_put_into_the_state(canvas: Page) -> None:
    """Fields are named by their paths; the others, and what is equal in them, stay the same objects."""
    first = canvas.evaluate(CHANGE, [None, {"a": [1], "b.x": [1], "b.y": 2}])
    assert {"a": [1], "b": {"x": [1], "y": 2}} == first["next"]
    found = canvas.evaluate(CHANGE, [first["next"], {"b.x": [1], "b.y": 3}])
    assert {"next": {"a": [1], "b": {"x": [1], "y": 3}}, "same": ["a"], "inner": True} == found


def test_a_message_is_drawn_again_when_what_it_shows_has_changed(canvas: Page) -> None:
    """It is when another person looks and when a name changes, and not because of a new state."""
    counts, shown = canvas.evaluate(DRAW_AGAIN, "message")
    assert [1, 1, 2, 3] == counts
    assert "Alice Fox" in shown


def test_a_part_of_the_page_is_drawn_again_when_what_it_reads_has_changed(canvas: Page) -> None:
    """It reads the fields of the state and of the view that it names, and nothing else."""
    shown = ['[{"hops":1},{"hop":1}]', '[{"hops":2},{"hop":1}]', '[{"hops":2},{"hop":2}]']
    assert [[1, shown[0]], [1, shown[0]], [2, shown[1]], [3, shown[2]]] == canvas.evaluate(DRAW_PANE)


def test_of_many_hops_those_that_are_near_are_drawn(canvas: Page) -> None:
    """There are hundreds; the chosen one stays, and the one that has the focus keeps it."""
    first, then = canvas.evaluate(DRAW_ROWS, [None, 8, 908])
    assert [[f"h{place}" for place in range(4)], ["h3", *(f"h{place}" for place in range(30, 34))]] == [first, then]
    assert "h3" == canvas.evaluate("document.activeElement.dataset.hop")
    assert ["h3", "h30", "h31", "h32", "h33"] == canvas.evaluate(DRAW_ROWS, ["h3", 908, 908])[0]


def test_a_hop_is_drawn_once(canvas: Page) -> None:
    """A new state does not draw the hops before it again, wherever they stand now: there are hundreds."""
    counts, _ = canvas.evaluate(DRAW_AGAIN, "hop")
    assert [1, 1, 1, 1] == counts
