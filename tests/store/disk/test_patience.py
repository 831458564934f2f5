"""What a disk that hangs never lets end is left behind; what is only large is waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from core.errors import LeftBehind, NoRoom
from store.disk.patience import Patience
from tests.waiting import wait_until


@dataclass
class Disk:
    """What a step waits for, and whether the watch says that it hangs."""

    hangs: bool = False
    goes_on: threading.Event = field(default_factory=threading.Event)
    done: list[str] = field(default_factory=list)

    def step(self, name: str) -> Callable[[], str]:
        def wait() -> str:
            assert self.goes_on.wait(60)
            self.done.append(name)
            return name

        return wait


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.disk.patience.SLOW_SECONDS", 0.01)
    monkeypatch.setattr("store.disk.patience.LOOK_AGAIN_SECONDS", 0.01)


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def patience(disk: Disk) -> Iterator[Patience]:
    made = Patience()
    made.hangs = lambda: disk.hangs
    yield made
    made.hangs = lambda: False
    disk.goes_on.set()
    wait_until(lambda: not made.is_lost, 60, "everything has ended")


def test_a_step_gives_what_it_returns_and_raises_what_it_raises(patience: Patience) -> None:
    def fail() -> None:
        raise TimeoutError("its own")

    assert patience.run(lambda: 1) == 1
    with pytest.raises(TimeoutError, match="its own"):
        patience.run(fail)


def test_a_large_step_is_waited_for_on_a_disk_that_does_not_hang(patience: Patience, disk: Disk) -> None:
    found: list[str] = []
    caller = threading.Thread(target=lambda: found.append(patience.run(disk.step("large"))))
    caller.start()
    caller.join(0.1)
    assert caller.is_alive()
    disk.goes_on.set()
    caller.join(60)
    assert found == ["large"]


def test_what_hangs_is_left_behind_and_everything_is_refused_until_it_has_ended(patience: Patience, disk: Disk) -> None:
    looks = iter([False, False, True])
    patience.hangs = lambda: next(looks, True)
    with pytest.raises(LeftBehind, match="may still be written"):
        patience.run(disk.step("first"))
    patience.hangs = lambda: False
    assert patience.is_lost
    for _ in range(3):
        with pytest.raises(NoRoom) as refused:
            patience.run(disk.step("second"))
        assert not isinstance(refused.value, LeftBehind), "it has not begun"
    disk.goes_on.set()
    wait_until(lambda: not patience.is_lost, 60, "it has ended")
    assert patience.run(disk.step("third")) == "third"
    assert disk.done == ["first", "third"]


def test_nothing_is_begun_on_a_disk_that_is_known_to_hang(patience: Patience, disk: Disk) -> None:
    disk.hangs = True
    with pytest.raises(NoRoom, match="hangs"):
        patience.run(disk.step("never"))
    with pytest.raises(NoRoom, match="hangs"):
        patience.require()
    disk.hangs = False
    patience.require()
    assert disk.done == []


def test_a_failure_of_what_was_left_behind_is_logged_and_ends_the_refusal(
    patience: Patience, disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        disk.hangs = True
        disk.step("failing")()
        raise OSError("broken")

    with pytest.raises(LeftBehind):
        patience.run(fail)
    disk.hangs = False
    disk.goes_on.set()
    wait_until(lambda: not patience.is_lost, 60, "it has ended")
    assert caplog.records[-1].__dict__["fields"] == {"error": "broken"}


def test_a_step_within_a_step_belongs_to_it(patience: Patience, disk: Disk) -> None:
    def outer() -> str:
        disk.hangs = True
        disk.goes_on.set()
        found = patience.run(disk.step("inner"))
        disk.hangs = False
        return found

    assert patience.run(outer) == "inner"


def test_the_end_waits_for_what_runs_but_not_for_what_was_left_behind(patience: Patience, disk: Disk) -> None:
    def hang() -> None:
        disk.hangs = True
        disk.step("left")()

    with pytest.raises(LeftBehind):
        patience.run(hang)
    patience.close()
    assert disk.done == []
