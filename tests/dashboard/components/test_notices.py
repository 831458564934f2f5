"""What is said where there is nothing to show: escaped, with the command that helps."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.dashboard.shown import words


def _page(kind: str, first: str, second: str) -> None:
    from datetime import UTC, datetime, timedelta

    from dashboard.components import notices
    from dashboard.components.time_format import Zone

    if kind == "delayed":
        since = datetime(2026, 3, 27, 15, 5, 9, tzinfo=UTC)
        notices.delayed(first, since, Zone("Europe/Berlin"), since + timedelta(minutes=12))
    elif kind == "refused":
        notices.refused(first)
    else:
        getattr(notices, kind)(first, second)


def drawn(kind: str, first: str = "first", second: str = "second") -> AppTest:
    return AppTest.from_function(_page, args=(kind, first, second), default_timeout=30).run()


def test_each_kind_has_its_class_and_says_itself_to_a_screen_reader() -> None:
    for kind, shown in (
        ("empty", "empty"),
        ("good", "good"),
        ("remark", "dim"),
        ("unreachable", "bad"),
        ("delayed", "bad"),
        ("refused", "dim"),
    ):
        assert f'<div class="andon-notice {shown}" role="status">' in words(drawn(kind)), kind


def test_stored_words_stay_words() -> None:
    for kind in ("empty", "good", "remark", "unreachable", "delayed", "refused"):
        assert "<script>" not in words(drawn(kind, "<script>x</script>", "<script>y</script>")), kind


def test_a_store_that_does_not_answer_is_named_with_the_commands_that_help() -> None:
    test = drawn("unreachable", "the engine at http://x", "connection refused")
    assert "The dashboard asked the engine at http://x" in words(test)
    assert "andon engine" in test.code[0].value
    assert test.expander[0].text[0].value == "connection refused"


def test_old_data_says_from_when_and_how_old_it_is_in_the_viewers_zone() -> None:
    shown = words(drawn("delayed", "the engine at http://x"))
    assert "27 Mar 16:05:09, 12 min old" in shown
    assert "The engine at http://x does not answer." in shown
    assert 'title="2026-03-27 15:05:09 UTC"' in shown
