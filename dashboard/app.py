"""The frame around every page: navigation, search, time zone, theme, and the notice shown when the store does not answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path

import streamlit as st
from markupsafe import Markup
from streamlit.delta_generator import DeltaGenerator

import dashboard.pages
from core.clock import SystemClock, from_milliseconds
from core.config import load_settings
from core.registry import discover
from dashboard import definitions, measures, viewer
from dashboard.components import notices, tab
from dashboard.components.time_format import Zone
from dashboard.data import Data, Unreachable
from dashboard.page import Context, Page

_HERE = Path(__file__).parent
_ZONES = ["UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Chicago", "Asia/Kolkata", "Asia/Shanghai", "Asia/Tokyo"]


def main() -> None:
    """Draw the page named in the address. The entry script calls it on every run."""
    wall = st.query_params.get("wall") == "1"
    st.set_page_config(page_icon=str(_HERE / "icon.png"), layout="wide", initial_sidebar_state="collapsed")
    st.html(_HERE / "style.css")
    zone = _zone(wall)
    views = [
        st.Page(_view(page, wall, zone), title=page.title, icon=page.icon, url_path=page.url_path if index else "", default=index == 0)
        for index, page in enumerate(pages())
    ]
    first = pages()[0]
    named = st.Page(partial(_to_first, views[0]), title=first.title, url_path=first.url_path, visibility="hidden")
    st.navigation([*views, named], position="hidden" if wall else "top").run()


def _to_first(view: st.Page) -> None:
    """Lead to the first page, which has no name in its address, whoever types its name: ``/board``."""
    st.switch_page(view, query_params=st.query_params.to_dict())


@cache
def pages() -> list[Page]:
    """Return the pages in navigation order; they are discovered once per process."""
    return sorted(discover(dashboard.pages, "PAGE", Page).values(), key=lambda page: page.order)  # type: ignore[type-abstract]


def context(zone: Zone, wall: bool = False) -> Context:
    """Return the context of this run."""
    settings, clock = load_settings(), _clock()
    data = Data(settings, clock)
    catalog, refused = definitions.in_force(data)
    return Context(
        data=data,
        catalog=catalog,
        clock=clock,
        zone=zone,
        wall=wall,
        speed=settings.clock_speed,
        refused=refused,
        image_hosts=tuple(settings.images_from),
        http_port=settings.http_port,
    )


def _view(page: Page, wall: bool, zone: Zone) -> Callable[[], None]:
    def show() -> None:
        with measures.drawing(page.name, _clock()):
            draw()

    def draw() -> None:
        tab.title(page.title)
        container = st.container()
        given = context(zone, wall)
        if wall:
            st.html(Markup('<span class="andon-wall"></span><div class="andon-zone">Times in {}</div>').format(_zone_words(given)))
        else:
            st.html(_frame(page, given))
        if given.refused:
            notices.refused(given.refused)
        try:
            page.render(given)
        except Unreachable as error:
            notices.unreachable(given.data.asked, str(error))
        else:
            _delay(given, container)

    return show


_FRAME = Markup(
    '<form class="andon-search" action="transactions" role="search"><input type="search" name="find" aria-label="Find a transaction by a number or a name" '
    'placeholder="Find a number or name" maxlength="200"><kbd title="Press / to search">/</kbd></form>'
    '<a class="andon-to-wall" href=".?wall=1" title="The board for a wall screen: no navigation, everything larger">Wall</a>'
    '<div class="andon-times"><nav aria-label="Pages">{}</nav>Times in {} '
    '<button class="andon-keys-open" type="button" title="What the keys of the keyboard do here">Keys <kbd>?</kbd></button></div>'
    '<dialog class="andon-keys" aria-label="Keys"><h2>Keys</h2><dl>{}</dl></dialog>'
)
"""On every page but a wall's: the search, the way to the wall and, in a line of their own, what times mean; and the list of keys."""
_LINK = Markup('<a href="{}" aria-keyshortcuts="g {}"{}>{}</a>')
_KEY = Markup("<div><dt><kbd>{}</kbd></dt><dd>{}</dd></div>")
KEYS = {
    "/": "find a transaction by a number or a name",
    "j": "next row",
    "k": "row before",
    "Enter": "open the row",
    "Esc": "back to the list",
}
"""What ``frame.js`` makes of keys, besides ``g`` with the letter of a page and ``?`` for this list."""


def _frame(page: Page, given: Context) -> Markup:
    """Return the search, the way to the wall, which time zone times are in, the keys, and on small screens links to the other pages."""
    letters = _letters([one.title for one in pages()])
    links = Markup("").join(
        _LINK.format(
            one.url_path if index else ".",  # the first page has no name in its address
            letters[one.title],
            Markup(' aria-current="page"') if one.name == page.name else "",
            one.title,
        )
        for index, one in enumerate(pages())
    )
    keys = [*KEYS.items(), *((f"g {letter}", f"go to {title}") for title, letter in letters.items())]
    return _FRAME.format(links, _zone_words(given), Markup("").join(_KEY.format(*key) for key in keys))


def _letters(titles: Sequence[str]) -> dict[str, str]:
    """Return for each title the first of its letters that none before it has."""
    found: dict[str, str] = {}
    for title in titles:
        found[title] = next(letter for letter in title.lower() if letter.isalpha() and letter not in found.values())
    return found


def _zone_words(given: Context) -> str:
    """Return the zone of the page's times with its distance from UTC now, and how fast they run if they are simulated."""
    offset = f"{given.now.astimezone(given.zone.info):%z}"
    away = (
        ""
        if given.zone.name == "UTC"
        else f" (UTC{offset[0].replace('-', '−')}{int(offset[1:3])}{'' if offset[3:] == '00' else f':{offset[3:]}'})"
    )
    return f"{given.zone.name}{away}" + (f" · simulated, {given.speed:g} times real speed" if given.simulated else "")


def _delay(given: Context, container: DeltaGenerator) -> None:
    if given.data.delayed_since is not None:
        with container:
            notices.delayed(given.data.asked, given.data.delayed_since, given.zone, given.now)


def _zone(wall: bool) -> Zone:
    """The zone named in the address, else the viewer's own."""
    own = st.context.timezone or "UTC"
    asked = st.query_params.get("zone", "")
    if wall:
        return Zone(asked or own)
    with st.sidebar:
        names = list(dict.fromkeys([*([asked] if asked else []), own, *_ZONES]))
        chosen = st.selectbox("Time zone", names, help="All pages show times in this zone.", key="zone")
        known = viewer.name()
        typed = st.text_input(
            viewer.LABEL,
            value=known,
            placeholder="as colleagues know you",
            help="Recorded with everything you acknowledge, assign or silence.",
        )
        if typed != known:
            viewer.given(typed)
        st.caption("Light or dark: menu ⋮ at the top right.")
    return Zone(chosen or own)


@st.cache_resource(show_spinner=False)
def _clock() -> SystemClock:
    """One clock per process, running at the engine's speed."""
    settings = load_settings()
    anchor = from_milliseconds(round(settings.clock_anchor * 1000)) if settings.clock_anchor else None
    return SystemClock(settings.clock_speed, anchor)
