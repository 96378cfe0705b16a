"""Block Kit on the page, kind by kind: also what the product has no occasion for in a short play."""

import pytest
from playwright.sync_api import Page, expect

from tests.pagebridge_sandbox.page.browser import Json

DRAW = """async ([blocks, surface]) => {
  const { html, Page, render } = await import("/page/js/html.js");
  const { Blocks, Attachments } = await import("/page/js/slack/blocks.js");
  const box = document.createElement("div");
  box.className = "content";
  box.id = "drawn";
  document.body.replaceChildren(box);
  window.acts = [];
  const option = (value) => ({ text: { type: "plain_text", text: value }, value });
  const person = (id, name) => ({ id, name, note: "" });
  const act = async (path, body) => {
    window.acts.push([path, body]);
    return path === "slack/options" ? { options: ["alpha", "beta"].map(option) } : {};
  };
  const page = {
    act, names: { U1: "Alice Ng", C1: "incidents" }, view: { who: "U1" }, openLink: () => false,
    state: { slack: { people: [person("U1", "Alice Ng"), person("U2", "Bob Ray")], channels: [] } },
  };
  surface.fill = (path, value) => window.acts.push(["fill", path, value]);
  const parts = Array.isArray(blocks) ? html`<${Blocks} blocks=${blocks} surface=${surface} />`
    : html`<${Attachments} attachments=${blocks.attachments} surface=${surface} />`;
  render(html`<${Page.Provider} value=${page}>${parts}<//>`, box);
}"""


def draw(page: Page, blocks: list[Json] | Json, **surface: object) -> None:
    """Draw blocks, or the attachments of a message."""
    page.evaluate(DRAW, [blocks, {"channel": "C1", "ts": "1.2", **surface}])


def plain(text: str) -> Json:
    """Make a plain text object."""
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    """Make a text object with markup."""
    return {"type": "mrkdwn", "text": text}


def section(text: str) -> list[Json]:
    """Make a section with markup."""
    return [{"type": "section", "text": mrkdwn(text)}]


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ("*bold* _italic_ ~gone~ `code`", "<strong>bold</strong> <em>italic</em> <s>gone</s> <code>code</code>"),
        ("4 * 5 * 6, a*b*c and snake_case_name", "4 * 5 * 6, a*b*c and snake_case_name"),
        ("*_both_*", "<strong><em>both</em></strong>"),
        ("&lt;b&gt; &amp;amp; &amp;lt;", "&lt;b&gt; &amp;amp; &amp;lt;"),
        ("`*not bold* &lt;i&gt;`", "<code>*not bold* &lt;i&gt;</code>"),
        ("<@U1> in <#C1>, <!here>", "@Alice Ng in #incidents, @here"),
        ("<javascript:alert(1)|press me>", "<span>press me</span>"),
        ("[x](javascript:alert(1)) # no heading", "[x](javascript:alert(1)) # no heading"),
        (":no_such_symbol: 10:30:00", ":no_such_symbol: 10:30:00"),
        ("> quoted *well*\nnot", "<blockquote>quoted <strong>well</strong></blockquote>"),
        ("```\n*as it is*\n```", "<pre>*as it is*</pre>"),
    ],
)
def test_markup(canvas: Page, markup: str, shown: str) -> None:
    """Marks work at the edge of words, escapes are undone once, and nothing else is markup."""
    draw(canvas, section(markup))
    inside = canvas.locator("#drawn .section-text").inner_html().replace('<span class="mention">', "")
    inside = inside.replace("</span>", "") if "mention" in canvas.locator("#drawn").inner_html() else inside
    assert shown in inside


def test_a_link_leads_elsewhere_in_a_window_of_its_own(canvas: Page) -> None:
    """The address is unescaped, and the page that it opens learns nothing of this one."""
    draw(canvas, section("<https://example.com/?a=1&amp;b=2|the *page*>"))
    link = canvas.locator("#drawn a")
    expect(link).to_have_attribute("href", "https://example.com/?a=1&b=2")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(link).to_have_text("the *page*")


def test_every_kind_of_block(canvas: Page) -> None:
    """Section with fields and accessory, header, context, divider and image are drawn; an unknown one is named."""
    draw(
        canvas,
        [
            {"type": "header", "text": plain("Head :tada:")},
            {"type": "section", "fields": [mrkdwn("*one*"), plain("*two*")], "accessory": button("Side")},
            {"type": "divider"},
            {"type": "context", "elements": [mrkdwn("*small*"), plain("words")]},
            {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a graph"},
            {"type": "hologram"},
        ],
    )
    drawn = canvas.locator("#drawn")
    expect(drawn.get_by_role("heading")).to_have_text("Head 🎉")
    assert ["one", "*two*"] == [each.inner_text() for each in drawn.locator(".fields > div").all()]
    expect(drawn.get_by_role("button", name="Side")).to_be_visible()
    expect(drawn.get_by_role("separator")).to_have_count(1)
    expect(drawn.locator(".context strong")).to_have_text("small")
    expect(drawn.get_by_role("link", name="[a graph]")).to_have_count(1)
    expect(drawn).to_contain_text("A block of the kind “hologram”, which this page does not draw.")


def button(label: str) -> Json:
    """Make a button."""
    return {"type": "button", "action_id": label, "text": plain(label), "value": "v"}


def test_attachments_have_their_colour(canvas: Page) -> None:
    """The bar has the colour, and what is no colour gets into no style."""
    bad = {"color": "red; background: url(https://evil.example)", "text": "two"}
    draw(canvas, {"attachments": [{"color": "#ff0000", "title": "T", "text": "*one*", "footer": "foot"}, bad]})
    bars = [each.get_attribute("style") for each in canvas.locator(".attachment").all()]
    assert ["--bar: #ff0000", "--bar: var(--line-strong)"] == [bar and bar.rstrip(";") for bar in bars]


def test_menus_on_a_message_tell_the_server(canvas: Page) -> None:
    """A static select, a users select, a date and a time are chosen from, and the choice is sent by its value."""
    options = [{"text": plain("One"), "value": "1"}, {"text": plain("Two"), "value": "2"}]
    elements = [
        {"type": "static_select", "action_id": "s", "placeholder": plain("Pick"), "options": options},
        {"type": "users_select", "action_id": "u", "placeholder": plain("Who")},
        {"type": "datepicker", "action_id": "d"},
        {"type": "timepicker", "action_id": "t"},
    ]
    draw(canvas, [{"type": "actions", "block_id": "b", "elements": elements}])
    for label, option in {"Pick": "Two", "Who": "Bob Ray"}.items():
        canvas.get_by_role("combobox", name=label).click()
        canvas.locator(".options").get_by_role("option", name=option).click()
    canvas.get_by_label("d", exact=True).fill("2026-12-24")
    canvas.get_by_label("t", exact=True).fill("09:30")
    sent = canvas.evaluate("window.acts.map(([path, body]) => [path, body.action_id, body.value])")
    assert [
        ["slack/select", "s", "2"],
        ["slack/select", "u", "U2"],
        ["slack/select", "d", "2026-12-24"],
        ["slack/select", "t", "09:30"],
    ] == sent


def test_an_external_select_asks_while_people_type(canvas: Page) -> None:
    """It asks the app with what was typed, offers what came, and works with the keyboard alone."""
    element = {"type": "external_select", "action_id": "x", "min_query_length": 1}
    draw(
        canvas,
        [{"type": "input", "block_id": "b", "label": plain("Service"), "element": element, "hint": plain("Type it")}],
        modal=True,
        view_id="V1",
    )
    field = canvas.get_by_role("combobox", name="Service")
    field.press_sequentially("al")
    expect(canvas.get_by_role("option", name="beta")).to_be_visible()
    field.press("ArrowDown")
    field.press("Enter")
    assert "beta" == canvas.evaluate("window.acts.at(-1)[2].value")
    asked = canvas.evaluate("window.acts.filter(([path]) => path === 'slack/options').map(([, body]) => body.query)")
    assert "al" == asked[-1]
    expect(field).to_have_accessible_description("Type it")


def test_inputs_of_every_kind(canvas: Page) -> None:
    """Checkboxes, radio buttons, several people, numbers and addresses hold what the state says, under their labels."""
    options = [{"text": plain("One"), "value": "1"}, {"text": plain("Two"), "value": "2"}]
    kinds: dict[str, Json] = {
        "checkboxes": {"options": options},
        "radio_buttons": {"options": options},
        "multi_users_select": {},
        "number_input": {},
        "email_text_input": {},
        "url_text_input": {},
        "datetimepicker": {},
        "multi_static_select": {"options": options},
    }
    blocks = [
        {"type": "input", "block_id": kind, "label": plain(kind), "element": {"type": kind, "action_id": "a", **more}}
        for kind, more in kinds.items()
    ]
    values = {
        "checkboxes": {"a": [options[1]]},
        "radio_buttons": {"a": options[0]},
        "multi_users_select": {"a": ["U2"]},
    }
    draw(canvas, blocks, modal=True, view_id="V1", values=values)
    expect(canvas.get_by_role("group", name="checkboxes").get_by_label("Two")).to_be_checked()
    expect(canvas.get_by_role("radiogroup", name="radio_buttons").get_by_label("One")).to_be_checked()
    expect(canvas.locator(".chip")).to_contain_text("Bob Ray")
    for kind in ("number_input", "email_text_input", "url_text_input", "datetimepicker"):
        expect(canvas.get_by_label(kind)).to_be_editable()
    canvas.get_by_role("button", name="Remove Bob Ray").click()
    assert ["fill", {"block_id": "multi_users_select", "action_id": "a"}, []] == canvas.evaluate("window.acts.at(-1)")


DRAW_DIALOG = """async (modals) => {
  const { html, Page, render } = await import("/page/js/html.js");
  const { Dialog } = await import("/page/js/slack/dialog.js");
  const box = document.createElement("div");
  box.className = "slack-window";
  box.style.height = "600px";
  document.body.replaceChildren(box);
  window.acts = [];
  const act = async (path, body) => void window.acts.push([path, body]);
  const page = { act, names: {}, view: { who: "U1" }, openLink: () => false, state: { slack: { people: [] } } };
  render(html`<${Page.Provider} value=${page}><${Dialog} modals=${modals} /><//>`, box);
}"""


def view(view_id: str, **more: object) -> Json:
    """Make a dialog as the server tells of it."""
    words = {"title": view_id, "submit": "Send", "close": "Cancel", "loading": False, "trouble": None}
    return {"view_id": view_id, "blocks": [], "values": {}, "errors": {}, **words, **more}


def test_a_dialog_on_a_dialog(canvas: Page) -> None:
    """The topmost is seen; Back closes it alone, and the cross all of them."""
    canvas.evaluate(DRAW_DIALOG, [view("First"), view("Second")])
    expect(canvas.get_by_role("dialog")).to_have_accessible_name("Second")
    canvas.get_by_role("button", name="Back").click()
    canvas.get_by_role("button", name="Close").click()
    expected = [["Second", False], ["Second", True]]
    assert expected == canvas.evaluate("window.acts.map(([, body]) => [body.view_id, body.all])")


def test_a_dialog_that_loads_and_one_in_trouble(canvas: Page) -> None:
    """While it loads it says so to the screen reader and has nothing to send; Slack's own trouble is told at once."""
    loading = view("Loading", loading=True, submit=None, blocks=section("Loading…"))
    canvas.evaluate(DRAW_DIALOG, [loading])
    expect(canvas.locator(".dialog-body")).to_have_attribute("aria-busy", "true")
    expect(canvas.get_by_role("button", name="Send")).to_have_count(0)
    canvas.evaluate(DRAW_DIALOG, [view("Wrong", trouble="We had some trouble connecting. Try again?")])
    expect(canvas.get_by_role("alert")).to_contain_text("We had some trouble connecting.")


def test_what_is_typed_is_sent_before_the_dialog(canvas: Page) -> None:
    """However quickly it is sent after the last letter, the app gets all of it, in this order."""
    text = {"type": "plain_text_input", "action_id": "a"}
    canvas.evaluate(
        DRAW_DIALOG, [view("V", blocks=[{"type": "input", "block_id": "b", "label": plain("Words"), "element": text}])]
    )
    canvas.get_by_label("Words").press_sequentially("quick")
    canvas.keyboard.press("Enter")
    canvas.wait_for_function("window.acts.some(([path]) => path === 'slack/modal/submit')")
    sent = canvas.evaluate("window.acts.map(([path, body]) => [path, body.value ?? null])")
    assert [["slack/modal/fill", "quick"], ["slack/modal/submit", None]] == sent
