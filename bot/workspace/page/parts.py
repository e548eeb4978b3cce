"""The page's own components (components/*.js) and the one way lists of things are redrawn.

A component keeps what a person types or opens in the browser; Python is told of every change and never writes over
it. `Rows` keeps the elements of a list by key and rebuilds only those whose content is another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from nicegui import ui
from nicegui.element import Element


class Surface(Element, component="components/surface.js"):
    """A scrolling area that reports presses on data-act elements as the event `act` (their dataset and `ts`), and with
    `stick` as `edge` ('older', 'newer', 'latest') that a person has come to the end of what is drawn."""


class DialogFrame(Element, component="components/dialog_frame.js"):
    """A modal dialog's frame: focus trap, Escape (`dismiss`), Ctrl+Enter (`commit`)."""


class Choice(Element, component="components/choice.js"):
    """A single or multiple select, searchable; events `choose` and `search`."""


class TextField(Element, component="components/text_field.js"):
    """A typed input; events `typed` and `dispatch`."""


class TickList(Element, component="components/tick_list.js"):
    """Checkboxes or radio buttons; event `choose`."""


class OverflowMenu(Element, component="components/overflow_menu.js"):
    """A button with a menu; event `choose`."""


class FileField(Element, component="components/file_field.js"):
    """A file_input; event `files`."""


class RichField(Element, component="components/rich_field.js"):
    """A rich_text_input; event `written`."""


class Composer(Element, component="components/composer.js"):
    """The message field; events `send` and `fault`."""


def still(content: str, tag: str = "div", **props: object) -> ui.html:
    """HTML that this package has made itself; it was escaped where it was made."""
    element = ui.html(content, sanitize=False, tag=tag)
    for name, value in props.items():
        if value is not None:
            element.props[name.replace("_", "-")] = value
    return element


def box(classes: str, tag: str = "div", **props: object) -> Element:
    """A plain element with classes and attributes (underscores become hyphens, None is left out)."""
    element = Element(tag).classes(classes)
    for name, value in props.items():
        if value is not None:
            element.props[name.replace("_", "-")] = value
    return element


@dataclass(frozen=True)
class Row:
    """One thing in a list: its key, what its content amounts to, and how to build it inside the current container.

    `amend` brings an element that stands there already up to the content and says whether it could: a message that
    grows while one reads it is not taken away and put back."""

    key: str
    digest: object
    build: Callable[[], Element]
    amend: Callable[[Element], bool] | None = None


class Rows:
    """The children of one container, kept by key."""

    def __init__(self, container: Element) -> None:
        self._container = container
        self._kept: dict[str, tuple[object, Element]] = {}

    def show(self, rows: Iterable[Row]) -> None:
        """Makes the container hold exactly these rows in this order, touching only what is different."""
        wanted = list(rows)
        keys = {row.key for row in wanted}
        for key in [key for key in self._kept if key not in keys]:
            self._kept.pop(key)[1].delete()
        children = self._container.default_slot.children
        for place, row in enumerate(wanted):
            known = self._kept.get(row.key)
            if known is not None and known[0] != row.digest and row.amend is not None and row.amend(known[1]):
                element = known[1]
                self._kept[row.key] = (row.digest, element)
            elif known is None or known[0] != row.digest:
                if known is not None:
                    known[1].delete()
                with self._container:
                    element = row.build()
                self._kept[row.key] = (row.digest, element)
            else:
                element = known[1]
            if children[place] is not element:
                element.move(target_index=place)

    def element(self, key: str) -> Element | None:
        """The element of a key, if it is shown."""
        known = self._kept.get(key)
        return known[1] if known else None
