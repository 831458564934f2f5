"""X12: orders, confirmations, shipping notices, invoices and their acknowledgements, as partners in North America send them.

Each transaction set is an event of the type it says (``850``). Its ``data`` has the segments by name, and their elements by number: the
number of an order is ``data.BEG.3``. Segments with a qualifier are under it (``data.REF.DP.2``, ``data.N1.ST.4``, ``data.DTM.002.2``), what
belongs to a party, an item or a level is within it (``data.N1.ST.N4.1``, ``data.PO1[].2``, ``data.HL.O.PRF.1``), and the second component
of element 3 is ``3-2``. The envelope is in ``data.ISA`` and ``data.GS``. ``data.reference`` and ``data.envelope`` name a set and its group
as an acknowledgement of it does, in ``data.acknowledges.sets`` and ``data.acknowledges.envelope`` of a 997 or 999.

A set is known by its control numbers and its content, so that one that is sent again is the same event. What is wrong with a set is told
in ``data.problems``; what breaks off, and counts that say that something is missing, go to quarantine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from collector.edi.format import EdiFormat, linked
from collector.edi.interchange import Dialect
from collector.edi.segments import INFORMATION_SEPARATORS, Separators
from collector.edi.tree import Layout, names

_ISA_MAX = 300
_NONE = "\ufdd5"
"""A component separator that no text has."""
_PARTY = names("N2 N3 N4 REF PER G61 L11 DTM G62 FOB TD1 TD5 AT5 LH6 TAX SI")
_ITEM = names(
    "SLN PID PO3 PO4 MEA PKG REF PER SAC IT3 TXI SDQ IT8 CTP CUR TD5 TD1 TD4 DTM SCH ACK MAN QTY LIN SN1 PRF TC2 AMT PAM CN1 MTX N9 N1 N2 N3 N4"
    " MSG INC DIS LDT FOB TAX LIQ CTB YNQ PCT G72 SE1 SDP FST PRS"
)
_LAYOUT = Layout(
    qualifiers={
        **dict.fromkeys(names("REF N9 DTM G62 N1 PER TD1 AMT QTY MEA CUR NTE SAC"), "1"),
        "L11": "2",
        "HL": "3",
    },
    inside={
        "N1": _PARTY,
        "N9": names("MSG DTM"),
        "PO1": _ITEM,
        "IT1": _ITEM,
        "AK2": names("AK3 AK4 AK5 IK3 IK4 IK5 CTX"),
        "LX": names("AT7 MS1 MS2 L11 AT8 MAN K1 CD3 NM1 Q7 AT5 AT9 N1 N2 N3 N4 G62 L5 L0 L1 L7 N9 POD MEA H3 OID"),
        "AT7": names("MS1 MS2"),
        "S5": names("L11 G62 AT8 LAD NTE PLD N1 N2 N3 N4 G61 OID L5 AT5 AT9 SDQ"),
        "OID": names("LAD G62 L5"),
    },
    until={"HL": names("HL CTT SE")},
)
_NUMBERS = {
    "850": ("BEG", "3"),
    "855": ("BAK", "3"),
    "860": ("BCH", "3"),
    "865": ("BCA", "3"),
    "856": ("BSN", "2"),
    "810": ("BIG", "2"),
    "204": ("B2", "4"),
    "990": ("B1", "2"),
    "214": ("B10", "2"),
    "210": ("B3", "3"),
    "997": ("AK1", "2"),
    "999": ("AK1", "2"),
}


def _separators(text: str, at: int) -> tuple[Separators, int]:
    """Return what separates, as the ISA segment shows it: it has 16 elements, the last is the component separator, then it ends."""
    element = text[at + 3 : at + 4]
    if not element or element.isalnum() or (element.isspace() and element not in INFORMATION_SEPARATORS):
        raise ValueError("no element separator follows ISA")
    end = at + 2
    for _ in range(16):
        end = text.find(element, end + 1, at + _ISA_MAX)
        if end < 0:
            raise ValueError(f"the ISA segment has fewer than 16 elements, separated by '{element}'")
    if text.find(f"ISA{element}", at + 3, end) >= 0:
        raise ValueError("the ISA segment breaks off before another one")
    component, terminator = text[end + 1 : end + 2], text[end + 2 : end + 3]
    if not terminator or terminator.isalnum() or component in {element, terminator}:
        raise ValueError("the ISA segment does not end after its 16th element")
    if terminator in "\r\n" and text[end + 3 : end + 3 + _ISA_MAX].partition("\n")[0].rstrip().endswith(component):
        component, terminator = _NONE, component  # the 16th element was left out: what ends the next line ends this one
    elements = text[at:end].split(element)
    repetition = elements[11].strip(" ")
    used = len(repetition) == 1 and not repetition.isalnum() and repetition not in {element, component, terminator}
    return Separators(element, component, terminator, repetition if used else ""), at


def _found(text: str, at: int) -> int:
    found = _ISA.search(text, at)
    return found.start() if found else -1


_ISA = re.compile(rf"\bISA(?=[^\w\s]|[{INFORMATION_SEPARATORS}])")


def _made(data: Mapping[str, Any]) -> tuple[str, str]:
    group, interchange = data.get("GS", {}), data.get("ISA", {})
    if "4" in group:
        return str(group["4"]), str(group.get("5", ""))
    return str(interchange.get("9", "")), str(interchange.get("10", ""))


def _number(data: Mapping[str, Any]) -> str:
    segment, element = _NUMBERS.get(_type(data), ("", ""))
    found = data.get(segment)
    return str(found.get(element, "")) if isinstance(found, dict) else ""


def _type(data: Mapping[str, Any]) -> str:
    return str(data["ST"].get("1", "unknown")) if "ST" in data else "TA1"


def _more(data: Mapping[str, Any]) -> dict[str, Any]:
    group = data.get("GS")
    if not group or "ST" not in data:
        return {}
    sender, receiver = group.get("2", ""), group.get("3", "")
    envelope = f"{sender}/{receiver}/{group.get('1', '')}/{group.get('6', '')}"
    answered = None
    if isinstance(answer := data.get("AK1"), dict):
        answered = (f"{receiver}/{sender}/{answer.get('1', '')}/{answer.get('2', '')}", data.get("AK2", []), "2")
    return linked(envelope, data["ST"].get("2", ""), "sets", answered)


class X12(EdiFormat):
    """The format ``x12``."""

    name = "x12"
    dialect = Dialect(
        "X12",
        (("ISA", "IEA", 13), ("GS", "GE", 6), ("ST", "SE", 2)),
        _LAYOUT,
        _found,
        _separators,
        _type,
        _number,
        _made,
        _more,
    )


FORMAT = X12()
