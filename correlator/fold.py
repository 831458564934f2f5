"""Catalog → the statement that folds a transaction's events into its state.

Every part is commutative and idempotent (earliest, latest, union, latest by event time with the event's id as tie-break), so the state is
the same for any order of the same events. Ended: the earliest of the flow's ``ends`` and ``cancels`` decides (at the same moment, the
ends). Failed: the latest failure whose stage has not succeeded since; a failure without a stage is overcome by any later success.
"""

from __future__ import annotations

from core.catalog.flow import Flow
from correlator.statement import statement


def fold_statement(flows: dict[str, Flow]) -> str:
    """Return the INSERT into ``transactions`` of everything that changed after ``{after:UInt64}``, as ``{revision:UInt64}``."""
    names = [(flow, name, milestone) for flow in flows.values() for name, milestone in flow.milestones.items()]
    ends = [f"{flow.flow}/{end}" for flow in flows.values() for end in flow.ends if end not in flow.cancels]
    cancels = [f"{flow.flow}/{cancel}" for flow in flows.values() for cancel in flow.cancels]
    many = [f"{flow.flow}/{type_}" for flow in flows.values() for type_, key in flow.keys.items() if key.relation == "many"]
    types = [f"{flow.flow}/{type_}" for flow in flows.values() for type_ in flow.keys]
    staged = [(f"{flow.flow}/{name}", milestone.stage) for flow, name, milestone in names if milestone.failure and milestone.stage]
    return statement(
        "fold",
        milestones=tuple(f"{flow.flow}/{name}" for flow, name, _ in names),
        ends=tuple(ends),
        cancels=tuple(cancels),
        many=tuple(many),
        types=tuple(types),
        failures=tuple(name for name, _ in staged),
        stages=tuple(stage for _, stage in staged),
    )
