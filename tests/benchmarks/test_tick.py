"""The ticks that the benchmark measures are real ones: they touch what they are to touch, and every stage has work."""

from __future__ import annotations

from benchmarks.tick import CHECKOUT, STAGES, worker_of


def test_a_touched_tick_sends_statements_in_every_stage_and_an_idle_one_none() -> None:
    with worker_of(CHECKOUT, 1_000) as ask:
        ask(0)  # takes what was filled in
        idle, touched = ask(0), ask(20)
        planning = ask("planning")
    assert idle["sent"] == []
    assert {sent["stage"] for sent in touched["sent"]} == set(STAGES)
    assert touched["touched"] == 20
    assert all(sent["processor"] > 0 for sent in touched["sent"])
    names = {f"{sent['stage']}\n{sent['name']}" for sent in touched["sent"]}
    assert names <= planning.keys()
    assert any(planning[name] > 0 for name in names)
