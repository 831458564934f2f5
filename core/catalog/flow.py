"""Flow: the definition of a business process, with its milestones, keys and facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from pydantic import Field

from core.catalog.definition import Definition, Identifier
from core.catalog.reading import Reading
from core.catalog.sla import Sla
from core.duration import DurationText
from core.signal import Lane

Relation = Literal["one", "many", "many-to-many"]
FactType = Literal["text", "decimal", "integer", "boolean", "time"]
Party = Literal["customer", "supplier", "carrier"]
PARTIES: tuple[Party, ...] = get_args(Party)
TextOrList = str | list[str]
Place = str | Reading
Status = Literal["ok", "error", "unset"]


HEARTBEAT = "andon-heartbeat"
"""The flow of Andon's own heartbeats. It concerns nobody's business, so lists and KPIs leave it out unless asked for it."""
OWN_FLOW = "andon"
"""The flow of incidents about Andon itself."""
WRITTEN = "@written"
"""The fact of a milestone event that holds the flow's first key as its sender writes it, before it is normalised; no name of a catalog."""
HEARTBEAT_EVENT = "andon.heartbeat"
"""The CloudEvents type of a heartbeat."""


class Key(Definition):
    """A typed business identifier.

    ``relation`` says how many of it one transaction has: ``one``; ``many`` (one order, many deliveries: each value still belongs to one
    transaction); ``many-to-many`` (an invoice over several orders: it is attached to transactions and never merges them).
    ``strip_leading``: characters that some systems pad with; a value of nothing but these keeps its last one, so 000 is order 0. What
    nobody sees never counts (blanks around a value, control and zero-width characters), and a blank value counts as missing: an event
    without any other key is keyless. A list is several keys, in an event's JSON as in an attribute. ``written_by``: the milestone that
    writes the flow's first key as people do, so that order 0815 is shown as 0815 although it is compared as 815. A value names one
    transaction for good: where numbers begin anew each year, join the year to them (``{path: [data.year, data.number]}``), or the new order
    is the old one.
    """

    title: str = ""
    strip_leading: str = ""
    case: Literal["keep", "upper", "lower"] = "keep"
    relation: Relation = "one"
    written_by: str | None = None


class Fact(Definition):
    """A business value of a transaction. ``currency`` names the fact that holds the currency of this amount.

    A fact of type ``time`` is read as systems write times: ISO 8601, ``202603271450`` with or without seconds, seconds or milliseconds
    since 1970, ``/Date(…)/``; without a zone in the calendar's, a date alone as the end of its day.

    ``party``: the role of the company that this text names (``customer``, ``supplier`` or ``carrier``). Lists, filters and key figures
    choose by it. A fact that is named like a role has it unless another fact of the flow declares it.
    """

    title: str = ""
    type: FactType = "text"
    currency: str | None = None
    party: Party | None = None


def is_named(text: str, names: Sequence[str]) -> bool:
    """Return whether a text is one of these names, or starts with one that ends in ``*``."""
    return any(text.startswith(name[:-1]) if name.endswith("*") else text == name for name in names)


class Match(Definition):
    """Which signals count as this milestone. All given conditions must hold.

    ``event``: the CloudEvents type. ``span``: the span's name. ``log``: a regular expression over the body, if that is text; a body that is
    a structure is matched by its members (``log: ".*"`` and ``attributes: {body.event: paid}``). A text that ends in ``*`` is a prefix; a
    list matches any of its items. ``attributes``: an attribute, a ``data.`` or a ``body.`` path mapped to a value, a list, a prefix, or
    presence (``true``) or absence (``false``). ``where``: one ClickHouse expression over the signal's columns. A span of a queue or topic
    is better matched by ``messaging.destination.name`` and operation than by its name, whose word order differs between instrumentations.
    """

    event: TextOrList | None = None
    span: TextOrList | None = None
    log: str | None = None
    service: TextOrList | None = None
    source: TextOrList | None = None
    status: Status | list[Status] | None = None
    attributes: dict[str, bool | str | list[str]] = Field(default_factory=dict)
    where: str | None = None


class Through(Definition):
    """The queue, topic or stream before a milestone, whose messages lead to it.

    ``source``: the broker's source, which tells how much waits in the queue; ``reader``: whose progress counts, where several read it (a
    consumer group). The queue holds up what waits for the milestone when, for ``limit``, nothing left it although something waited, when
    it was fuller at every moment of the last ``limit`` than at any of the one before, and when messages were dead-lettered a ``limit`` ago:
    then what waited for the milestone at that moment, and still does.
    """

    source: str
    queue: str
    reader: str = ""
    limit: DurationText = "5 minutes"


class Milestone(Definition):
    """A named point in a flow.

    ``keys`` and ``facts`` map a key type or fact to where it is found: a path (``attributes.order.id``, ``resource.x``, ``data.orderId``,
    ``body.order.id``, ``subject``, ``body`` …), a ClickHouse expression, or a reading (``{path: …, pattern: …}``). In JSON,
    ``data.items[].delivery`` is that of every item, ``data.items[0].delivery`` that of the first; one alone counts as a list of one
    (inside ``{ }``, YAML wants such a path in quotes). So it is in OTLP's lists and maps (``attributes.orders[]``, ``body.order.id``), of
    which up to 200 values each are read. Several values of a key are several keys; a fact is one value. ``time``: where the signal says
    when this happened, if that is not its own time (of a span, its start; ``time: end_time`` is its end); UTC where neither it nor
    ``time_zone`` names a zone. Where none can be read, the signal's own time counts, and is marked. ``failure``: this milestone means
    that the step went wrong; ``stage`` is then the milestone that did not happen and ``cause`` is where its cause is found. ``optional``:
    the flow is complete without it. ``missing``: what is said of transactions that have not reached it ("12 orders *without an
    invoice*"); by default "not" and the title. ``expected``: the fact of type time in which somebody, such as the carrier, says when it
    will be reached; without one, the usual time tells. ``through``: the queue before it; while that holds them up, all that wait for this
    milestone are in one incident.
    """

    title: str = ""
    missing: str = ""
    system: str
    match: Match
    time: Place | None = None
    keys: dict[str, Place]
    facts: dict[str, Place] = Field(default_factory=dict)
    failure: bool = False
    stage: str | None = None
    cause: Place | None = None
    optional: bool = False
    expected: str | None = None
    through: Through | None = None
    runbook: str | None = None


class Flow(Definition):
    """One business process. ``ends``: milestones that complete a transaction; ``cancels``: those that cancel it.

    An end that names keys of relation ``many`` completes it once every value known of them has reached an end: one delivery of two is not
    the order.

    ``lane``: an event whose type is written out (not as a prefix) in the ``event`` of a milestone is received in this lane, or in the lane
    of its source or of another such flow if that is higher: critical before standard before bulk. Without ``lane`` the flow has no
    influence on lanes; OTLP requests always use the lane of their source.

    A fact that another fact names as its ``currency`` need not be declared: it is text.

    ``noun``: what people call one of its transactions (``order``); ``nouns``: several of them, by default the noun with an s.
    """

    flow: Identifier
    title: str
    noun: str = "transaction"
    nouns: str = ""
    lane: Lane | None = None
    owner: str
    keys: dict[str, Key] = Field(min_length=1)
    facts: dict[str, Fact] = Field(default_factory=dict)
    milestones: dict[str, Milestone] = Field(min_length=1)
    ends: list[str] = Field(min_length=1)
    cancels: list[str] = Field(default_factory=list)
    slas: dict[str, Sla] = Field(default_factory=dict)

    def before(self, milestone: str) -> str | None:
        """Return the milestone that everything has reached which waits for this one: the nearest one written before it that has to be.

        None: nothing has to happen before it.
        """
        names = list(self.milestones)
        earlier = reversed(names[: names.index(milestone)])
        return next((name for name in earlier if self._has_to_be(name)), None)

    def after(self, milestone: str) -> list[str]:
        """Return the milestones written after this one that have to be reached: what has reached one no longer waits for this one."""
        names = list(self.milestones)
        return [name for name in names[names.index(milestone) + 1 :] if self._has_to_be(name)]

    def _has_to_be(self, name: str) -> bool:
        return not self.milestones[name].failure and not self.milestones[name].optional and name not in self.cancels

    def parties(self) -> dict[Party, str]:
        """Return by role the fact that names the company that has it."""
        declared = {fact.party: name for name, fact in self.facts.items() if fact.party}
        named = {role: role for role in PARTIES if role in self.facts and self.facts[role].party in {None, role}}
        return {**named, **declared}
