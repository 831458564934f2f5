"""Settings of receivers and formats, with errors that name the field."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import pydantic
from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

from core.catalog.validation_errors import suggestion
from core.errors import WrongSetting
from core.secrets import is_reference


def _reference(text: str) -> str:
    if not is_reference(text):
        raise PydanticCustomError("reference", "may hold a secret; write env:NAME or file:PATH")
    return text


def _rooted(path: str) -> str:
    if not path.startswith("/"):
        raise ValueError("write it from the root, such as /srv/edi/in")
    return path


Reference = Annotated[str, AfterValidator(_reference)]
"""A setting that is a reference to a secret, because its value may hold one."""
RootedPath = Annotated[str, AfterValidator(_rooted)]
"""A path from the root: what is relative means another place for each process."""


class PluginSettings(BaseModel):
    """What all settings share: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    type: str


Chosen = TypeVar("Chosen", bound=PluginSettings)


def parsed(kind: type[Chosen], settings: dict[str, Any], what: str) -> Chosen:
    """Return settings, typed. ``what`` has them: ``receiver``. Raises :class:`core.errors.WrongSetting` that never shows a value."""
    known = [field.alias or name for name, field in kind.model_fields.items()]
    try:
        return kind.model_validate(settings)
    except pydantic.ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        match first["type"]:
            case "extra_forbidden":
                wrong = f"is not a setting of this {what}" + (suggestion(str(first["loc"][0]), known) if len(first["loc"]) == 1 else "")
            case "missing":
                wrong = "is missing; add it"
            case "reference":
                wrong = first["msg"]
            case _:
                wrong = ("is wrong: " if first["loc"] else "") + first["msg"].removeprefix("Value error, ")
        raise WrongSetting(first["loc"], wrong) from error


def known_zone(name: str | None) -> str | None:
    """Return the name of a time zone as it was given. Raises ``ValueError`` for one that does not exist."""
    try:
        return name if name is None else ZoneInfo(name).key
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"time zone '{name}' is not known; write an IANA name such as Europe/Berlin") from error
