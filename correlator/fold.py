"""Catalog → the statement that folds a transaction's events into its state.

Every part is commutative and idempotent (earliest, latest, union, latest by event time with the event's id as tie-break), so the state is
the same for any order of the same events. Ended: the earliest of the flow's ``ends`` and ``cancels`` decides (at the same moment, the
ends). An end that names keys of relation many (each delivery is invoiced) has come when every value known of them has reached an end.
Failed: the latest failure whose stage has not succeeded since; a failure without a stage is overcome by any later success.
"""

from __future__ import annotations

from core.catalog.flow import Flow
from correlator.statement import statement

MOMENTS_MAX = 1_000
"""Of a milestone that repeats, at most this many moments are kept, the latest ones: the row is written anew with each of its events."""


def fold_statement(flows: dict[str, Flow]) -> str:
    """Return the INSERT into ``transactions`` of everything that changed after ``{after:UInt64}``, as ``{revision:UInt64}``."""
    names = [(flow, name, milestone) for flow in flows.values() for name, milestone in flow.milestones.items()]
    ends = [(flow, end, _members(flow, end)) for flow in flows.values() for end in flow.ends if end not in flow.cancels]
    cancels = [f"{flow.flow}/{cancel}" for flow in flows.values() for cancel in flow.cancels]
    many = [f"{flow.flow}/{type_}" for flow in flows.values() for type_, key in flow.keys.items() if key.relation == "many"]
    types = [f"{flow.flow}/{type_}" for flow in flows.values() for type_ in flow.keys]
    staged = [(f"{flow.flow}/{name}", milestone.stage) for flow, name, milestone in names if milestone.failure and milestone.stage]
    return statement(
        "fold",
        milestones=tuple(f"{flow.flow}/{name}" for flow, name, _ in names),
        whole_ends=tuple(f"{flow.flow}/{end}" for flow, end, members in ends if not members),
        shared_ends=tuple(f"{flow.flow}/{end}" for flow, end, members in ends if members),
        end_keys=tuple(f"{flow.flow}/{end}/{key}" for flow, end, members in ends for key in members),
        moments_max=MOMENTS_MAX,
        cancels=tuple(cancels),
        many=tuple(many),
        types=tuple(types),
        failures=tuple(name for name, _ in staged),
        stages=tuple(stage for _, stage in staged),
    )


def _members(flow: Flow, end: str) -> list[str]:
    """Return the keys of relation many that an end names: it is reached by each of their values on its own."""
    named = flow.milestones[end].keys if end in flow.milestones else {}
    return [key for key in named if key in flow.keys and flow.keys[key].relation == "many"]
