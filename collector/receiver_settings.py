"""Settings of pull receivers, with errors that name the field."""

from __future__ import annotations

from typing import Any, TypeVar

import pydantic
from pydantic import BaseModel, ConfigDict

from core.catalog.validation_errors import suggestion
from core.errors import WrongSetting
from core.secrets import is_reference


class ReceiverSettings(BaseModel):
    """What all pull receivers' settings share: unknown fields are errors; ``url`` is a reference to a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    type: str
    url: str


Chosen = TypeVar("Chosen", bound=ReceiverSettings)


def parse_settings(kind: type[Chosen], settings: dict[str, Any]) -> Chosen:
    """Return a source's ``receiver:``, typed. Raises :class:`core.errors.WrongSetting` that names the field and never shows its value."""
    known = [field.alias or name for name, field in kind.model_fields.items()]
    try:
        parsed = kind.model_validate(settings)
    except pydantic.ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        match first["type"]:
            case "extra_forbidden":
                what = "is not a setting of this receiver" + (suggestion(str(first["loc"][0]), known) if len(first["loc"]) == 1 else "")
            case "missing":
                what = "is missing; add it"
            case _:
                what = ("is wrong: " if first["loc"] else "") + first["msg"].removeprefix("Value error, ")
        raise WrongSetting(first["loc"], what) from error
    if not is_reference(parsed.url):
        raise WrongSetting("url", "may hold a password; write env:NAME or file:PATH")
    return parsed
