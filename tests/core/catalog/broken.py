"""How a test breaks the example catalog, and what the loader says about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from core.catalog.load import CatalogErrors, load_catalog
from core.catalog.review import Validators
from slas.due import check_due

EXAMPLE = Path(__file__).parent / "example"
SHIPPED = Path(__file__).parents[3] / "catalog"


@dataclass(frozen=True)
class Broken:
    """``old`` in ``file`` is replaced by ``new``; without ``old`` the whole file is; without both it is deleted."""

    name: str
    file: str
    old: str | None
    new: str | None
    expected: list[str]


def problems(folder: Path) -> list[str]:
    """Return what is wrong with a catalog, in the order of the message and with the folder left out."""
    with pytest.raises(CatalogErrors) as caught:
        load_catalog(folder, Validators(due=check_due))
    assert str(caught.value) == "\n".join(map(str, caught.value.errors))
    return [str(error).replace(f"{folder.as_posix()}/", "") for error in caught.value.errors]


def edit(folder: Path, file: str, old: str, new: str) -> None:
    """Replace the first ``old`` in a file, which must be there; what is no UTF-8 is given as lone surrogates."""
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_bytes(text.replace(old, new, 1).encode("utf-8", "surrogateescape"))


def told(folder: Path, broken: Broken) -> list[str]:
    """Break a catalog and return what is wrong with it now."""
    if broken.new is None:
        (folder / broken.file).unlink()
    elif broken.old is None:
        (folder / broken.file).write_text(broken.new, encoding="utf-8")
    else:
        edit(folder, broken.file, broken.old, broken.new)
    return problems(folder)
