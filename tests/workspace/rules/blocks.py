"""Messages as a whole, and blocks."""

from __future__ import annotations

from collections.abc import Iterator

from ..kit import (
    Json,
    actions,
    block,
    button,
    card,
    context_actions,
    element,
    field,
    mrkdwn,
    picture,
    plain,
    rich_section,
    rich_text,
    section,
    table,
    task,
    without,
)
from .rule import Rule, characters, count, in_message, rule, up_to


def messages() -> Iterator[Rule]:
    yield rule("a message has 50 blocks", [block("divider")] * 51, "/blocks", [block("divider")] * 50)
    yield rule("a block is an object", ["divider"], "/blocks/0", [block("divider")])
    yield rule("a block has a type", [{}], "/blocks/0", [block("divider")])
    yield rule("a type is a word", [{"type": 1}], "/blocks/0/type", [block("divider")])
    yield rule("blocks of unknown types", [{"type": "heading"}], "/blocks/0/type", [block("header")])
    twice = [section(block_id="a"), section(block_id="a")]
    yield rule("block_id once", twice, "/blocks/1/block_id", [section(block_id="a"), section(block_id="b")])
    cards = [card(block_id="a"), card(block_id="a")]
    named = block("carousel", elements=[card(block_id="a"), card(block_id="b")])
    yield rule(
        "block_id once among cards", [block("carousel", elements=cards)], "/blocks/0/elements/1/block_id", [named]
    )
    focused = field(element("plain_text_input", focus_on_load=True))
    yield rule("one focus", [focused, focused], "/blocks/1/element/focus_on_load", [focused, field()])
    yield rule("one table", [table(), table()], "/blocks/1", [table()])
    half = block("markdown", text="x" * 6000)
    yield rule(
        "markdown: 12000 characters together",
        [half, block("markdown", text="x" * 6001)],
        "/blocks/1/text",
        [half, half],
        code="msg_blocks_too_long",
    )


def in_blocks() -> Iterator[Rule]:
    of = in_message
    yield from characters(of, "block_id", 255, lambda x: section(block_id=x), "/block_id")
    yield from characters(of, "section text", 3000, lambda x: section(text=mrkdwn(x)), "/text/text")
    yield from characters(of, "section plain text", 3000, lambda x: section(text=plain(x)), "/text/text")
    yield of("section: text or fields", {"type": "section"}, "", block("section"))
    yield from count(of, "section fields", 1, 10, lambda n: section(fields=[plain()] * n), "/fields")
    yield from characters(of, "section field", 2000, lambda x: section(fields=[plain(x)]), "/fields/0/text")
    yield of("section text is a text object", section(text="x"), "/text", section())
    yield of("text is plain or mrkdwn", section(text={"type": "text", "text": "x"}), "/text/type", section())
    yield of("verbatim is of mrkdwn", section(text={**plain(), "verbatim": True}), "/text", section())
    yield of("emoji is of plain text", section(text={**mrkdwn(), "emoji": True}), "/text", section())
    yield of("expand is a boolean", section(expand="true"), "/expand", section(expand=True))
    yield from characters(of, "header", 150, lambda x: block("header", text=plain(x)), "/text/text")
    yield of("header is plain text", block("header", text=mrkdwn()), "/text/type", block("header"))
    yield from characters(of, "image alt_text", 2000, lambda x: picture(alt_text=x), "/alt_text")
    yield from characters(of, "image title", 2000, lambda x: picture(title=plain(x)), "/title/text")
    yield of("image_url: 3000 characters", picture(image_url="h:" + "x" * 2999), "/image_url", picture())
    yield of("image_url is an address", picture(image_url="a.png"), "/image_url", picture())
    by_file = without(picture(slack_file={"id": "F1"}), "image_url")
    yield of("image needs a picture", without(picture(), "image_url"), "", by_file)
    yield of("image has one picture", picture(slack_file={"id": "F1"}), "", by_file)
    both = {"id": "F1", "url": "https://example.com/f"}
    yield of("slack_file: id or url", {**by_file, "slack_file": both}, "/slack_file", by_file)
    yield of("slack_file is not empty", {**by_file, "slack_file": {}}, "/slack_file", by_file)

    def elements(number: int) -> Json:
        return actions(*(button(action_id=str(n)) for n in range(number)))

    yield from count(of, "actions elements", 1, 25, elements, "/elements")
    twice = [button(action_id="a"), button(action_id="a")]
    good = [button(action_id="a"), button(action_id="b")]
    yield of("action_id once in a block", actions(*twice), "/elements/1/action_id", actions(*good))
    icons = [element("icon_button", action_id="a")] * 2
    yield of(
        "action_id once in context actions",
        context_actions(*icons),
        "/elements/1/action_id",
        context_actions(icons[0], element("icon_button")),
    )
    yield from count(of, "context elements", 1, 10, lambda n: block("context", elements=[mrkdwn()] * n), "/elements")
    yield of(
        "context holds texts and images",
        block("context", elements=[button()]),
        "/elements/0/type",
        block("context", elements=[picture(), plain(), mrkdwn()]),
    )
    yield from count(of, "context actions", 1, 5, lambda n: context_actions(*[element("icon_button")] * n), "/elements")
    yield from characters(of, "label", 2000, lambda x: field(label=plain(x)), "/label/text")
    yield from characters(of, "hint", 2000, lambda x: field(hint=plain(x)), "/hint/text")
    yield of("label is plain text", field(label=mrkdwn()), "/label/type", field())
    yield of("optional is a boolean", field(optional=1), "/optional", field(optional=True))
    yield of("dispatch_action is a boolean", field(dispatch_action="no"), "/dispatch_action", field())
    yield from characters(of, "markdown", 12_000, lambda x: block("markdown", text=x), "/text")
    yield of("markdown is a text, no object", block("markdown", text=mrkdwn()), "/text", block("markdown"))
    yield from shown_blocks()
    yield from rich_texts()


def shown_blocks() -> Iterator[Rule]:
    of = in_message
    yield from count(of, "table rows", 1, 100, lambda n: table(n), "/rows")
    yield from count(of, "table columns", 1, 20, lambda n: table(1, n), "/rows/0")
    yield of("table: 10000 characters", table(10, 10, "x" * 101), "/rows", table(10, 10, "x" * 100))
    rich = [[rich_text(rich_section({"type": "text", "text": "x" * 10_001}))]]
    yield of("table: 10000 characters of rich text", block("table", rows=rich), "/rows", table())
    yield of("table cells are not empty", table(text=""), "/rows/0/0/text", table())
    yield of("table cells of known types", block("table", rows=[[plain()]]), "/rows/0/0/type", table())
    cell = {"type": "raw_number", "value": 1.5}
    wrong = block("table", rows=[[{**cell, "value": "1"}]])
    yield of("a number in a cell is a number", wrong, "/rows/0/0/value", block("table", rows=[[cell]]))
    yield from count(
        of, "column settings", 0, 20, lambda n: {**table(), "column_settings": [None] * n}, "/column_settings"
    )
    yield of(
        "column alignment",
        {**table(), "column_settings": [{"align": "middle"}]},
        "/column_settings/0/align",
        {**table(), "column_settings": [{"align": "center", "is_wrapped": True}]},
    )
    yield from characters(of, "video title", 200, lambda x: block("video", title=plain(x)), "/title/text")
    yield from up_to(of, "video author", 50, lambda x: block("video", author_name=x), "/author_name")
    yield from up_to(of, "video provider", 50, lambda x: block("video", provider_name=x), "/provider_name")
    yield from characters(
        of, "video description", 200, lambda x: block("video", description=plain(x)), "/description/text"
    )
    yield of("video_url is https", block("video", video_url="http://a.example"), "/video_url", block("video"))
    yield of(
        "title_url is https",
        block("video", title_url="http://a.example"),
        "/title_url",
        block("video", title_url="https://a.example"),
    )
    yield of("files are remote", block("file", source="local"), "/source", block("file"))
    yield from characters(of, "card title", 150, lambda x: card(title=mrkdwn(x)), "/title/text")
    yield from characters(of, "card subtitle", 150, lambda x: card(subtitle=mrkdwn(x)), "/subtitle/text")
    yield from characters(of, "card body", 200, lambda x: card(body=mrkdwn(x)), "/body/text")
    yield from characters(of, "card subtext", 200, lambda x: card(subtext=mrkdwn(x)), "/subtext/text")
    yield from count(of, "card actions", 1, 3, lambda n: card(actions=[button()] * n), "/actions")
    yield of("cards hold buttons", card(actions=[element("overflow")]), "/actions/0/type", card(actions=[button()]))
    yield of("card is not empty", {"type": "card", "subtitle": mrkdwn()}, "", card())
    named = {"type": "icon", "name": "bot"}
    yield of("card has one icon", card(icon=picture(), slack_icon=named), "", card(slack_icon=named))
    yield from count(of, "carousel cards", 1, 10, lambda n: block("carousel", elements=[card()] * n), "/elements")
    yield of(
        "carousel holds cards",
        block("carousel", elements=[section()]),
        "/elements/0/type",
        block("carousel", elements=[card()]),
    )
    yield of("task status", task(status="done"), "/status", task(status="complete"))
    yield of("task details are rich text", task(details=mrkdwn()), "/details", task(details=rich_text()))
    source = {"type": "url", "url": "https://a.example", "text": "a"}
    yield of("task sources", task(sources=[without(source, "text")]), "/sources/0", task(sources=[source]))
    planned = [task(task_id=str(n)) for n in range(51)]
    yield from count(of, "plan tasks", 0, 50, lambda n: block("plan", tasks=planned[:n]), "/tasks")
    yield of(
        "task_id once in a plan",
        block("plan", tasks=[task(), task()]),
        "/tasks/1/task_id",
        block("plan", tasks=[task(), without(task(task_id="2"), "type")]),
    )


def rich_texts() -> Iterator[Rule]:
    of = in_message
    text = {"type": "text", "text": "x"}
    yield of("rich text holds sections", rich_text(text), "/elements/0/type", rich_text())
    yield of("rich text is not empty", rich_text(rich_section({**text, "text": ""})), "/elements/0/elements/0/text",
             rich_text())  # fmt: skip
    listed = {"type": "rich_text_list", "style": "bullet", "elements": [rich_section()]}
    yield of("lists have a style", rich_text(without(listed, "style")), "/elements/0", rich_text(listed))
    yield of("bullets or numbers", rich_text({**listed, "style": "dash"}), "/elements/0/style", rich_text(listed))
    yield of("lists hold sections", rich_text({**listed, "elements": [text]}), "/elements/0/elements/0/type",
             rich_text(listed))  # fmt: skip
    yield from count(of, "list indent", 0, 8, lambda n: rich_text({**listed, "indent": n}), "/elements/0/indent")
    yield from count(of, "list border", 0, 1, lambda n: rich_text({**listed, "border": n}), "/elements/0/border")
    quoted = {"type": "rich_text_quote", "elements": [text, {"type": "user", "user_id": "U1"}]}
    yield of("quotes hold text", rich_text({**quoted, "elements": [rich_section()]}), "/elements/0/elements/0/type",
             rich_text(quoted))  # fmt: skip
    code = {"type": "rich_text_preformatted", "elements": [text, {"type": "link", "url": "https://a.example"}]}
    mention = {"type": "user", "user_id": "U1"}
    yield of("code holds texts and links", rich_text({**code, "elements": [mention]}), "/elements/0/elements/0/type",
             rich_text(code))  # fmt: skip
    for broken, pointer, inside in (
        ({"type": "mention"}, "/type", {"type": "emoji", "name": "wave"}),
        ({"type": "link", "url": "here"}, "/url", {"type": "link", "url": "https://a.example", "text": "a"}),
        ({"type": "broadcast", "range": "all"}, "/range", {"type": "broadcast", "range": "here"}),
        ({"type": "user"}, "", {"type": "user", "user_id": "U1"}),
        ({"type": "channel"}, "", {"type": "channel", "channel_id": "C1"}),
        ({"type": "usergroup"}, "", {"type": "usergroup", "usergroup_id": "S1"}),
        ({"type": "team"}, "", {"type": "team", "team_id": "T1"}),
        ({"type": "color"}, "", {"type": "color", "value": "#ffffff"}),
        (
            {"type": "date", "timestamp": "1", "format": "{date}"},
            "/timestamp",
            {"type": "date", "timestamp": 1, "format": "{date}"},
        ),
        ({**text, "style": {"bold": 1}}, "/style/bold", {**text, "style": {"bold": True}}),
        ({**text, "style": {"loud": True}}, "/style", {**text, "style": {"code": True}}),
    ):
        name = f"rich text {broken['type']}{pointer}"
        where = f"/elements/0/elements/0{pointer}"
        yield of(name, rich_text(rich_section(broken)), where, rich_text(rich_section(inside)))
