"""Documents of EDI and SAP from a message to the record that goes to the journal: orders with five items, read by one processor."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from andon.plugins import formats
from benchmarks.figures import Figure, show
from collector.message import EventSettings, Message, records_of
from collector.receiver import ReceiverContext
from core.catalog.source import Source
from core.clock import SystemClock
from core.signal import Receipt, Record, SignalKind
from core.telemetry import Telemetry

COUNT, ROUNDS = 2_000, 5
ITEMS = range(1, 6)
X12 = (
    "ISA*00*          *00*          *ZZ*PARTNER        *ZZ*US             *260327*1450*U*00401*000000905*0*P*>~GS*PO*PARTNER*US*20260327*1450*1*X*004010~"
    "ST*850*0001~BEG*00*SA*4711**20260327~CUR*BY*USD~REF*DP*099~DTM*002*20260401~N1*ST*Plant*92*1000~N3*Street 1~N4*Town*MI*48201*US~"
    + "".join(f"PO1*{item}*10*EA*12.50**BP*M{item:05}~PID*F****Part {item}~" for item in ITEMS)
    + "CTT*5~SE*20*0001~GE*1*1~IEA*1*000000905~"
)
EDIFACT = (
    "UNB+UNOC:3+PARTNER:14+US:14+260327:1450+905'UNH+1+ORDERS:D:96A:UN'BGM+220+4711+9'DTM+137:20260327:102'RFF+CT:99'"
    "NAD+BY+1000::92++Plant+Street 1+Town++48201+US'"
    + "".join(f"LIN+{item}++M{item:05}:BP'QTY+21:10:PCE'PRI+AAA:12.50'" for item in ITEMS)
    + "UNS+S'CNT+2:5'UNT+23+1'UNZ+1+905'"
)
IDOC = (
    "<ORDERS05><IDOC BEGIN='1'><EDI_DC40 SEGMENT='1'><MANDT>100</MANDT><DOCNUM>0000000000004711</DOCNUM><IDOCTYP>ORDERS05</IDOCTYP>"
    "<MESTYP>ORDERS</MESTYP><SNDPOR>SAPP</SNDPOR><SNDPRN>P100</SNDPRN><CREDAT>20260327</CREDAT><CRETIM>145000</CRETIM></EDI_DC40>"
    "<E1EDK01 SEGMENT='1'><BELNR>4711</BELNR><CURCY>EUR</CURCY></E1EDK01>"
    + "".join(
        f"<E1EDP01 SEGMENT='1'><POSEX>{item}</POSEX><MENGE>10</MENGE><E1EDP19 SEGMENT='1'><QUALF>002</QUALF><IDTNR>M{item}</IDTNR></E1EDP19></E1EDP01>"
        for item in ITEMS
    )
    + "</IDOC></ORDERS05>"
)


def seconds_of(name: str, document: str) -> float:
    """Return the processor time of one document, the median of several rounds."""
    reader = formats()[name].reader({"type": name})
    context = ReceiverContext(Source(source="bench", owner="it"), _Nowhere(), SystemClock(), Telemetry(), Path(), reader)
    messages = [Message(document.encode(), {"queue": "edi"}, identity=str(number)) for number in range(COUNT)]
    took = []
    for _ in range(ROUNDS):
        began = time.process_time()
        records = records_of(messages, context, EventSettings(type="bench", event_source="/edi"))
        took.append((time.process_time() - began) / COUNT)
        assert [record.kind for record in records] == [SignalKind.EVENT] * COUNT
    return statistics.median(took)


class _Nowhere:
    """An intake that nothing is handed to: what is measured ends with the records."""

    async def accept(self, records: list[Record]) -> list[Receipt]:
        raise NotImplementedError


def main() -> None:
    figures = []
    for name, document in (("x12", X12), ("edifact", EDIFACT), ("idoc", IDOC)):
        seconds = seconds_of(name, document)
        what = f"{name}: an order of {len(document)} bytes → record"
        figures.append(Figure(what, f"{1 / seconds:,.0f}/s of a processor, {seconds * 1e6:.0f} µs each", "≥ 5,000/s"))
    show("Documents", figures)


if __name__ == "__main__":
    main()
