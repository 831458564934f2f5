"""What stages are asked about: which incidents a silence is about."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.stage import Silence
from tests.alerts.messages import NOW
from tests.alerts.stages.candidates import INCIDENT

FITS = {"flow": "orders", "stage": "booked", "cause": "overdue", "incident_id": "i1"}
EMPTY = dict.fromkeys(FITS, "")


def silence(**matching: str) -> Silence:
    return Silence("s1", starts_at=NOW, ends_at=NOW + timedelta(hours=1), created_by="Ana", reason="x", **{**EMPTY, **matching})


def test_a_silence_that_names_nothing_matches_all_and_one_that_names_all_of_it_matches_it():
    assert silence().matches(INCIDENT)
    assert silence(**FITS).matches(INCIDENT)


@pytest.mark.parametrize("field", FITS)
def test_each_field_that_is_named_has_to_fit(field: str):
    assert silence(**{field: FITS[field]}).matches(INCIDENT)
    assert not silence(**{field: "other"}).matches(INCIDENT)
    assert not silence(**{**FITS, field: "other"}).matches(INCIDENT)
    assert not silence(**{field: FITS[field].upper()}).matches(INCIDENT)
