"""EDIFACT: orders, confirmations, despatch advices, invoices, transport status and their acknowledgements, as partners in Europe send them.

Each message is an event of the type it says (``ORDERS``). Its ``data`` has the segments by name and their elements by number, the second
component of element 1 as ``1-2``: the number of an order is ``data.BGM.2``. Segments with a qualifier are under it (``data.RFF.ON.1-2``,
``data.DTM.137.1-2``, ``data.NAD.BY.2``), what belongs to a party or an item is within it (``data.LIN[].QTY.21.1-2``). The envelope is in
``data.UNB``. ``data.reference`` and ``data.envelope`` name a message and its interchange as a CONTRL for it does, in
``data.acknowledges.messages`` and ``data.acknowledges.envelope``.

Without an ``encoding`` in the settings, what is not UTF-8 is in the one that ``UNB`` names (``UNOE``: Cyrillic).

A message is known by its control numbers and its content, so that one that is sent again is the same event. What is wrong with a message is
told in ``data.problems``; what breaks off, and counts that say that something is missing, go to quarantine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from collector.edi.format import EdiFormat, linked
from collector.edi.interchange import Dialect
from collector.edi.segments import INFORMATION_SEPARATORS, Separators
from collector.edi.tree import Layout, names
from collector.format_settings import WINDOWS

_LOOK_AHEAD = 2_000
_ENDS = names("UNS CNT UNT LIN CPS CNI")
_SYNTAX = re.compile(rb"UNB.UNO([A-Z])")
_ENCODINGS = {
    letter: f"iso8859_{part}"
    for letter, part in zip((b"D", b"E", b"F", b"G", b"H", b"I", b"J", b"K"), (2, 5, 7, 3, 4, 6, 8, 9), strict=True)
}
"""By the letter of the syntax identifier (ISO 9735): UNOD is Latin alphabet 2."""
_LAYOUT = Layout(
    qualifiers={**dict.fromkeys(names("RFF DTM NAD QTY MOA PRI LOC TDT CUX MEA PCD TAX ALC CTA FTX PCI CNT PAT TMD"), "1")},
    inside={
        "RFF": names("DTM"),
        "NAD": names("LOC FII RFF DOC CTA COM"),
        "CTA": names("COM"),
        "TDT": names("LOC DTM RFF"),
        "ERC": names("FTX RFF"),
        "UCM": names("UCS UCD"),
        "STS": names("RFF DTM FTX NAD LOC PCI DOC TDT MEA QTY EQD"),
        "PAC": names("MEA QTY PCI RFF DTM GIN"),
        "PCI": names("RFF DTM GIN"),
        "TAX": names("MOA"),
        "ALC": names("QTY PCD MOA RTE TAX ALI"),
        "CPS": names("FTX PAC MEA QTY PCI GIN RFF HAN"),
    },
    until={"LIN": _ENDS, "CNI": names("CNI CNT UNT")},
)


def _separators(text: str, at: int) -> tuple[Separators, int]:
    """Return what separates: as UNA says, else the usual characters or those of level B; a line end terminates where no apostrophe does."""
    if text.startswith("UNA", at):
        advice = text[at + 3 : at + 9]
        if len(advice) < 6 or len(set(advice) - {" "}) < 4 or any(one.isalnum() for one in advice):
            raise ValueError("UNA does not name six different separators")
        return Separators(advice[1], advice[0], advice[5], advice[4].strip(" "), advice[3].strip(" ")), at + 9
    if text[at + 3] == "\x1d":
        return Separators("\x1d", "\x1f", "\x1c"), at
    beginning = text[at : at + _LOOK_AHEAD]
    terminator = "'" if "'" in beginning or "\n" not in beginning else "\n"
    fourth_version = re.match(r"UNB\+\w+:4", beginning)
    return Separators("+", ":", terminator, "*" if fourth_version else "", "?"), at


def _found(text: str, at: int) -> int:
    found = _BEGINNING.search(text, at)
    return found.start() if found else -1


_MARK = rf"(?:[^\w\s]|[{INFORMATION_SEPARATORS}])"
_BEGINNING = re.compile(rf"\b(?:UNA(?={_MARK}{_MARK})|UN[BH](?={_MARK}))")


def _made(data: Mapping[str, Any]) -> tuple[str, str]:
    head = data.get("UNB", {})
    return str(head.get("4", "")), str(head.get("4-2", ""))


def _number(data: Mapping[str, Any]) -> str:
    found = data.get("BGM") or data.get("UCI")
    return str(found.get("2" if "BGM" in data else "1", "")) if isinstance(found, dict) else ""


def _type(data: Mapping[str, Any]) -> str:
    return str(data.get("UNH", {}).get("2") or "unknown")


def _more(data: Mapping[str, Any]) -> dict[str, Any]:
    head = data.get("UNB")
    if not head:
        return {}
    envelope = f"{head.get('2', '')}/{head.get('3', '')}/{head.get('5', '')}"
    answered = None
    if isinstance(answer := data.get("UCI"), dict):
        answered = (f"{answer.get('2', '')}/{answer.get('3', '')}/{answer.get('1', '')}", data.get("UCM", []), "1")
    return linked(envelope, data.get("UNH", {}).get("1", ""), "messages", answered)


class Edifact(EdiFormat):
    """The format ``edifact``."""

    name = "edifact"
    dialect = Dialect(
        "EDIFACT",
        (("UNB", "UNZ", 5), ("UNG", "UNE", 5), ("UNH", "UNT", 1)),
        _LAYOUT,
        _found,
        _separators,
        _type,
        _number,
        _made,
        _more,
    )

    def encoding_of(self, _body: bytes) -> str:
        """Return the encoding that the first interchange says it has; of Western Europe, that of Windows has all that ISO 8859-1 has."""
        found = _SYNTAX.search(_body, 0, _LOOK_AHEAD)
        return _ENCODINGS.get(found[1], WINDOWS) if found else WINDOWS


FORMAT = Edifact()
