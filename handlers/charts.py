"""The house style of charts, and their drawing: matplotlib without a screen, in a thread of its own.

A chart is a frozen value that draws itself, so that it can be compared like the message it stands in. matplotlib keeps
its settings in the process and is not safe in several threads; so one thread draws everything, one chart at a time.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from handlers.i18n import Translator

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK: Final = "#1d2b3a"
MUTED: Final = "#6b7785"
LINE: Final = "#e3e7ec"
ACCENT: Final = "#2f6f9f"
SECOND: Final = "#b9cfe0"
GOOD: Final = "#2e8b6f"
BAD: Final = "#c4574a"
BAND: Final = "#e8f2ec"
"""Behind what is as it should be."""

DPI: Final = 144
_JAPANESE: Final = "IPAexGothic"
# A name in letters that the Japanese font does not have is drawn with the second.
_STYLE: Final[dict[Any, Any]] = {
    "font.family": [_JAPANESE, "DejaVu Sans"],
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "axes.titlesize": 13,
    "axes.titlelocation": "left",
    "axes.titlepad": 14,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.unicode_minus": False,
    "grid.color": LINE,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "figure.dpi": DPI,
    "svg.hashsalt": "kakehashi",
}

_painter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="charts")


class Chart(Protocol):
    """A frozen, hashable value that draws itself in the house style."""

    def draw(self, t: Translator) -> Figure:
        """The picture; its words in the reader's language."""
        ...


def figure(width: float = 7.2, height: float = 3.6) -> Figure:
    """An empty figure, in inches at 144 dots each. Made inside `Chart.draw`, where the house style holds."""
    from matplotlib.figure import Figure  # Half a second to import, and most processes never draw.

    return Figure(figsize=(width, height), layout="constrained")


def axes(picture: Figure, title: str = "") -> Axes:
    """The only axes of a figure."""
    made = picture.add_subplot()
    if title:
        made.set_title(title)
    return made


def png(picture: Figure) -> bytes:
    """The figure as PNG. The same figure gives the same bytes: nothing in them tells when or by what it was drawn."""
    target = BytesIO()
    picture.savefig(target, format="png", dpi=DPI, metadata={"Software": None})
    return target.getvalue()


async def drawn(chart: Chart, t: Translator) -> bytes:
    """A chart as PNG, drawn in the charts' own thread."""
    return await asyncio.get_running_loop().run_in_executor(_painter, _drawn, chart, t)


def _drawn(chart: Chart, t: Translator) -> bytes:
    import matplotlib as mpl

    _know_the_font()
    with mpl.rc_context(_STYLE):
        return png(chart.draw(t))


@cache
def _know_the_font() -> None:
    # The package of the font changes matplotlib's settings when it is imported; its file is all we want of it.
    from matplotlib import font_manager

    found = find_spec("matplotlib_fontja")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("The Japanese font is not installed: the package matplotlib-fontja is missing.")
    font_manager.fontManager.addfont(Path(found.submodule_search_locations[0]) / "fonts" / "ipaexg.ttf")
