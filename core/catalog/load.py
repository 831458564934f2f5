"""Reads a catalog folder: every definition is typed and cross-checked, and every error is reported at once.

It reads files and does nothing else, so it may run while another catalog is in force. A file with an error in its own form is not
cross-checked further; its id still counts as known, so that one mistake gives one message.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from core.catalog.calendar import Calendar
from core.catalog.catalog import Catalog
from core.catalog.check_flow import check_flow, fact_types
from core.catalog.check_rest import (
    check_calendar,
    check_contract,
    check_owners,
    check_rates,
    check_rhythms,
    check_routes,
    check_shared,
    check_source,
    check_told,
)
from core.catalog.check_runbook import check_runbook
from core.catalog.check_through import check_through
from core.catalog.contract import Contract
from core.catalog.definition import IDENTIFIER_PATTERN, Definition
from core.catalog.flow import Flow
from core.catalog.positions import MAXIMUM_BYTES, Diagnostic, Document, Position, UnreadableError, check_size, read_document
from core.catalog.rates import Rates
from core.catalog.review import Review, Validators
from core.catalog.routing import Owners, Routes
from core.catalog.runbook import Runbook
from core.catalog.salvage import salvage, without_doubtful
from core.catalog.source import Source
from core.catalog.validation_errors import diagnostics_of, suggestion
from core.errors import UsageError

FOLDERS: dict[str, tuple[type[Definition], str]] = {
    "flows": (Flow, "flow"),
    "calendars": (Calendar, "calendar"),
    "sources": (Source, "source"),
    "contracts": (Contract, "contract"),
    "runbooks": (Runbook, "runbook"),
}
SINGLES: dict[str, type[Definition]] = {"routes.yaml": Routes, "owners.yaml": Owners, "rates.yaml": Rates}
_NAMED_IN = {"routes.yaml": "channel", "owners.yaml": "owner"}
_IGNORED = {"tests", "README.md", "schemas"}
NO_VALIDATORS = Validators()
TOLD_MAX = 200

T = TypeVar("T", bound=Definition)


class CatalogErrors(UsageError):  # noqa: N818 - it holds many
    """Every error in a catalog, sorted by file, line and column; the message has one line for each, up to :data:`TOLD_MAX`."""

    def __init__(self, errors: Sequence[Diagnostic]) -> None:
        self.errors = sorted(set(errors))
        lines = [str(error) for error in self.errors[:TOLD_MAX]]
        if len(self.errors) > TOLD_MAX:
            lines.append(f"{len(self.errors) - TOLD_MAX:,} more errors are not shown; correct those above first")
        super().__init__("\n".join(lines))


@dataclass(frozen=True)
class Loaded:
    """A valid catalog, and warnings about it."""

    catalog: Catalog
    warnings: list[Diagnostic] = field(default_factory=list)


def load_catalog(folder: Path, validators: Validators = NO_VALIDATORS) -> Loaded:
    """Load the catalog in ``folder``. Raises :class:`CatalogErrors` with every error."""
    if not folder.is_dir():
        what = "this is a file" if folder.is_file() else "there is no such folder"
        raise CatalogErrors([Diagnostic(str(folder), 1, 1, f"{what}; give the catalog's folder")])
    reader = _Reader(folder)
    reader.read_all()
    known = {noun: set(reader.ids.get(noun, {})) for _, noun in FOLDERS.values()}
    known["owner"] = _names_in(reader, "owners.yaml", "owners")
    known["channel"] = _names_in(reader, "routes.yaml", "channels")
    review = Review(known, reader.incomplete, validators, reader.errors, reader.warnings)
    catalog = reader.catalog()
    of_form = len(review.errors)
    _check(review, reader, catalog)
    review.errors[of_form:] = [error for error in review.errors[of_form:] if without_doubtful([error], reader.left_out.get(error.file, ()))]
    if review.errors:
        raise CatalogErrors(review.errors)
    return Loaded(catalog, sorted(set(review.warnings)))


def _names_in(reader: _Reader, file: str, key: str) -> set[str]:
    """Return the names under ``key`` of a single file, whether or not the rest of the file is valid."""
    document = reader.documents.get(file)
    found = document.value.get(key) if document and isinstance(document.value, dict) else None
    return set(found) if isinstance(found, dict) else set()


def _check(review: Review, reader: _Reader, catalog: Catalog) -> None:
    facts = {name for flow in catalog.flows.values() for name in fact_types(flow)}
    names = facts | {key for flow in catalog.flows.values() for key in flow.keys}
    for flow in catalog.flows.values():
        check_flow(review, reader.document("flow", flow.flow), flow, catalog.contracts)
        check_through(review, reader.document("flow", flow.flow), flow, catalog.sources)
        check_told(review, reader.document("flow", flow.flow), flow, catalog.routes)
    for calendar in catalog.calendars.values():
        check_calendar(review, reader.document("calendar", calendar.calendar), calendar)
    for source in catalog.sources.values():
        check_source(review, reader.document("source", source.source), source)
    check_rhythms(review, {name: reader.document("source", name) for name in catalog.sources}, catalog)
    check_shared(review, [(reader.document("source", each.source), each) for each in catalog.sources.values()])
    for contract in catalog.contracts.values():
        check_contract(review, reader.document("contract", contract.contract), contract, facts)
    for runbook in catalog.runbooks.values():
        check_runbook(review, reader.document("runbook", runbook.runbook), runbook, names, catalog.sources)
    if "routes.yaml" in reader.documents:
        check_routes(review, reader.documents["routes.yaml"], catalog.routes)
    if "owners.yaml" in reader.documents:
        check_owners(review, reader.documents["owners.yaml"], catalog.owners)
    if catalog.rates:
        check_rates(review, reader.documents["rates.yaml"], catalog.rates)


class _Reader:
    """Reads and types the files of one folder and collects the errors."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.errors: list[Diagnostic] = []
        self.warnings: list[Diagnostic] = []
        self.documents: dict[str, Document] = {}
        self.ids: dict[str, dict[str, Document]] = {}
        self.incomplete: set[str] = set()
        self.left_out: dict[str, set[str]] = {}
        self._found: dict[str, dict[str, Definition]] = {noun: {} for _, noun in FOLDERS.values()}
        self._singles: dict[str, Definition] = {}
        self._digest = hashlib.sha256()

    def read_all(self) -> None:
        """Read every file of the catalog, in the order of their names."""
        expected = {*FOLDERS, *SINGLES}
        entries = self._entries(self.folder)
        if not expected & {entry.name for entry in entries}:
            what = "this is only part of a catalog" if self.folder.absolute().name in FOLDERS else "this is not a catalog"
            self._note(self.folder, Position(), f"{what}; give a folder that contains {', '.join(FOLDERS)} or {', '.join(SINGLES)}")
            return
        for entry in entries:
            if entry.name in FOLDERS:
                self._read_folder(entry)
            elif entry.name in SINGLES:
                self._read_single(entry)
            elif not entry.name.startswith((".", "_")) and entry.name not in _IGNORED:
                message = f"'{entry.name}' is not part of a catalog and is ignored{suggestion(entry.name, expected)}"
                self.warnings.append(Diagnostic(entry.as_posix(), 1, 1, message))
        if not self.ids.get("flow"):
            self.warnings.append(
                Diagnostic(self.folder.as_posix(), 1, 1, "there is no flow, so nothing is watched; write one in flows/<name>.yaml")
            )

    def catalog(self) -> Catalog:
        """Return what is valid on its own."""
        return Catalog(
            version=self._digest.hexdigest()[:12],
            flows=self._of("flow", Flow),
            calendars=self._of("calendar", Calendar),
            sources=self._of("source", Source),
            contracts=self._of("contract", Contract),
            runbooks=self._of("runbook", Runbook),
            routes=_single(self._singles.get("routes.yaml"), Routes),
            owners=_single(self._singles.get("owners.yaml"), Owners),
            rates=rates if isinstance(rates := self._singles.get("rates.yaml"), Rates) else None,
        )

    def document(self, noun: str, name: str) -> Document:
        """Return the file that defines ``name``."""
        return self.ids[noun][name]

    def _of(self, noun: str, kind: type[T]) -> dict[str, T]:
        return {name: item for name, item in self._found[noun].items() if isinstance(item, kind)}

    def _entries(self, folder: Path) -> list[Path]:
        try:
            return sorted(folder.iterdir())
        except NotADirectoryError:
            self._note(
                folder, Position(), f"'{folder.name}' must be a folder of definitions, one per file; rename this file or move it elsewhere"
            )
        except OSError as error:
            self._note(folder, Position(), f"the folder cannot be read: {error.strerror}")
        if folder.name in FOLDERS:
            self.incomplete.add(FOLDERS[folder.name][1])
        return []

    def _read_folder(self, folder: Path) -> None:
        suffix = ".md" if folder.name == "runbooks" else ".yaml"
        model, noun = FOLDERS[folder.name]
        for file in self._entries(folder):
            if file.name.startswith((".", "_")):
                continue
            if file.suffix != suffix:
                self._note(file, Position(), f"a file in {folder.name}/ ends in '{suffix}'; rename it or move it elsewhere")
                continue
            document = self._read(file)
            if document is None:
                self.incomplete.add(noun)
                continue
            name = document.value.get(noun)
            if isinstance(name, str):
                first = self.ids.setdefault(noun, {}).setdefault(name, document)
                if first is not document:
                    place = first.values[noun,]
                    where = f"{first.file}:{place.line}:{place.column}"
                    self.errors.append(document.diagnostic((noun,), f"{noun} '{name}' is already defined in {where}; choose another id"))
                    continue
            item = self._typed(document, model)
            if item is not None:
                self._found[noun][str(name)] = item
            if document.file in self.left_out and noun == "contract":
                self.incomplete.add(noun)  # what it gives about a customer is not known
            if item is None and not (isinstance(name, str) and re.fullmatch(IDENTIFIER_PATTERN, name)):
                self.incomplete.add(noun)

    def _read_single(self, file: Path) -> None:
        document = self._read(file)
        if document is None:
            if file.name in _NAMED_IN:
                self.incomplete.add(_NAMED_IN[file.name])
            return
        item = self._typed(document, SINGLES[file.name])
        self.documents[file.name] = document
        if item is not None:
            self._singles[file.name] = item

    def _read(self, file: Path) -> Document | None:
        try:
            content = read_content(file)
            self._digest.update(os.fsencode(file.relative_to(self.folder)) + f"\0{len(content)}\0".encode() + content)
            read = _read_runbook if file.suffix == ".md" else read_document
            document = read(file.as_posix(), content)
        except OSError as error:
            self._note(file, Position(), f"the file cannot be read: {error.strerror}")
            return None
        except UnreadableError as error:
            self._note(file, error.position, error.message)
            return None
        if not isinstance(document.value, dict):
            self._note(file, document.values[()], "the file must be a mapping (key: value)")
            return None
        return document

    def _typed(self, document: Document, model: type[T]) -> T | None:
        """Return the definition; if it has errors, what is valid of it, so that the cross-checks find the others."""
        try:
            return model.model_validate(document.value)
        except ValidationError as error:
            self.errors.extend(diagnostics_of(error, document, model))
            item, self.left_out[document.file] = salvage(document.value, model, error)
            return item

    def _note(self, file: Path, position: Position, message: str) -> None:
        self.errors.append(Diagnostic(file.as_posix(), *position, message))


def read_content(file: Path) -> bytes:
    """Return the content of a file. A pipe or device, which may never end, is not opened; a growing file is read up to the limit.

    Raises :class:`OSError` and :class:`UnreadableError`.
    """
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableError(Position(), "this is not a regular file; replace it with one or move it elsewhere")
    check_size(status.st_size)
    with file.open("rb") as opened:
        return opened.read(MAXIMUM_BYTES + 1)


def _single(found: Definition | None, kind: type[T]) -> T:
    return found if isinstance(found, kind) else kind()


def _read_runbook(file: str, content: bytes) -> Document:
    """Read the front matter of a runbook; its Markdown becomes ``body``."""
    lines = content.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True)
    if not lines or lines[0].strip() != b"---":
        raise UnreadableError(Position(), "a runbook starts with a line '---', then 'runbook:' and 'title:', then '---' again")
    end = next((index for index, line in enumerate(lines[1:], 1) if line.strip() == b"---"), None)
    if end is None:
        raise UnreadableError(Position(), "the front matter is not closed; write a line '---' before the steps")
    document = read_document(file, b"".join(lines[1:end]), first_line=2)
    try:
        body: Any = b"".join(lines[end + 1 :]).decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise UnreadableError(Position(end + 2), f"byte 0x{error.object[error.start]:02x} is not UTF-8; save the file as UTF-8") from error
    if isinstance(document.value, dict):
        document.value.setdefault("body", body)
    return document
