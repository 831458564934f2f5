"""A message of syslog, as RFC 5424 says it, or as the systems before it write it (RFC 3164). Anything else is text: nothing is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from collector.logs.line import nanoseconds

SEVERITIES = (
    (21, "emerg"),
    (19, "alert"),
    (18, "crit"),
    (17, "err"),
    (13, "warning"),
    (10, "notice"),
    (9, "info"),
    (5, "debug"),
)
"""By syslog's number: OTLP's, and what people call it. Source: OpenTelemetry's data model of logs, appendix B."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PRIORITY = re.compile(r"<(\d{1,3})>", re.ASCII)
_HEADER = re.compile(r"1 (\S{1,64}) (\S{1,255}) (\S{1,255}) (\S{1,255}) (\S{1,255}) ?")
_ELEMENT = re.compile(r'\[([^ =\]"]{1,255})((?: +[^ =\]"]{1,255}="(?:[^"\\\]]|\\.)*+")*+) *\]', re.DOTALL)
_PARAMETER = re.compile(r'([^ =\]"]{1,255})="((?:[^"\\\]]|\\.)*+)"', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\\]])')
_OLD_TIME = re.compile(rf"({'|'.join(_MONTHS)}) +(\d{{1,2}}) (?:(\d{{4}}) )?(\d\d):(\d\d):(\d\d)(?:\.\d{{1,9}})? ", re.ASCII)
_ISO_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) ", re.ASCII)
_HOST = re.compile(r"([^\s:\[]{1,255}) (?=\S)")
_TAG = re.compile(r"([^\s:\[\]]{1,48})(?:\[([^\]\s]{1,64})\])?: ?")


@dataclass(frozen=True, slots=True)
class SyslogMessage:
    """What a message says. ``time``: nanoseconds since 1970 UTC, 0 if it cannot be read; ``severity``: OTLP's number, 0 if unknown.

    ``attributes``: facility, process and message id, and structured data as ``ELEMENT.NAME``, without the number of who made the element.
    """

    text: str
    time: int = 0
    severity: int = 0
    severity_text: str = ""
    host: str = ""
    application: str = ""
    attributes: Mapping[str, str | int] = field(default_factory=dict)


def parse_syslog(text: str, received: datetime, zone: tzinfo) -> SyslogMessage:
    """Return what a message says.

    ``zone``: of times that name none; a time without a year is in the one that brings it nearest to ``received``.
    """
    text = text.strip("\0\r\n")
    attributes: dict[str, str | int] = {}
    severity, severity_text = 0, ""
    priority = _PRIORITY.match(text)
    if priority and int(priority[1]) < 192:
        facility, number = divmod(int(priority[1]), 8)
        severity, severity_text = SEVERITIES[number]
        attributes["syslog.facility"] = facility
        text = text[priority.end() :]
    if priority and (header := _HEADER.match(text)):
        time, host, application = _iso(header[1]), _said(header[2]), _said(header[3])
        attributes |= {name: value for name, value in (("syslog.procid", _said(header[4])), ("syslog.msgid", _said(header[5]))) if value}
        body = _structured(text, header.end(), attributes)
    else:
        time, host, application, body = _old(text, received, zone, attributes, is_syslog=priority is not None)
    return SyslogMessage(body, time, severity, severity_text, host, application, attributes)


def _structured(text: str, at: int, attributes: dict[str, str | int]) -> str:
    """Read structured data into attributes and return the message behind it; what is no structured data is a part of the message."""
    if text.startswith("-", at):
        at += 1
    else:
        while element := _ELEMENT.match(text, at):
            name = element[1].partition("@")[0]
            for parameter in _PARAMETER.finditer(element[2]):
                attributes[f"{name}.{parameter[1]}"] = _ESCAPED.sub(r"\1", parameter[2])
            at = element.end()
    return text[at:].removeprefix(" ").removeprefix("\ufeff")


def _old(text: str, received: datetime, zone: tzinfo, attributes: dict[str, str | int], *, is_syslog: bool) -> tuple[int, str, str, str]:
    """Return time, host, application and text of a message in the form that was there before the standard."""
    time, at = 0, 0
    if iso := _ISO_TIME.match(text):
        time, at = _iso(iso[1]), iso.end()
    elif old := _OLD_TIME.match(text):
        time, at = _nearest(old, received, zone), old.end()
    if not at and not is_syslog:
        return 0, "", "", text
    host = ""
    if at and (found := _HOST.match(text, at)):
        host, at = found[1], found.end()
    application = ""
    if tag := _TAG.match(text, at):
        application, at = tag[1], tag.end()
        if tag[2]:
            attributes["syslog.procid"] = tag[2]
    return time, host, application, text[at:]


def _said(value: str) -> str:
    return "" if value == "-" else value


def _iso(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
        return nanoseconds(moment) if moment.tzinfo else 0
    except (ValueError, OverflowError):
        return 0


def _nearest(found: re.Match[str], received: datetime, zone: tzinfo) -> int:
    """Return a time whose year may be left out, in the year that brings it nearest to when it was received."""
    years = [int(found[3])] if found[3] else [received.year + step for step in (-1, 0, 1)]
    moments = []
    for year in years:
        try:
            month, day, second = _MONTHS.index(found[1]) + 1, int(found[2]), min(int(found[6]), 59)
            moments.append(datetime(year, month, day, int(found[4]), int(found[5]), second, tzinfo=zone))
        except ValueError:  # the 29th of February
            continue
    nearest = min(moments, key=lambda moment: abs(moment - received), default=None)
    return 0 if nearest is None else nanoseconds(nearest) + (found[6] == "60") * 1_000_000_000
