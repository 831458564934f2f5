"""What a source's ``redact:`` asks for, ready to be applied to texts and to values by their path."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Sequence
from copy import copy
from typing import Self

from collector.redaction.kinds import FINDERS, NAME_END, SHORTEST, is_secret_name
from core.catalog.source import Redaction

PATH, NOT_KEPT, UNREADABLE, CREDENTIAL = "path", "not_kept", "unreadable", "credential"
"""What is counted besides the kinds that are known by how they are written."""
_DIGEST_CHARACTERS = 20
_PATHS_KNOWN = 10_000
_LIST = re.compile(r"\[\d*\]")
_ESCAPED = re.compile(r"(?<!\\)(\\+)u([0-9A-Fa-f]{4})")
ALWAYS_KEPT = ("resource.service.name", "attributes.log.file.name", "attributes.andon")
"""What signals are told apart by, whatever a list of paths to keep says."""


class Rules:
    """The rules of one source. ``counts``: what was redacted, by kind. For one thread at a time: each has its own by :meth:`anew`."""

    def __init__(self, redaction: Redaction, key: bytes) -> None:
        self._kinds = [kind for kind in FINDERS if kind in redaction.kinds]
        self._hashes = redaction.replace == "hash"
        self._key = key
        self._paths = _plain(redaction.paths)
        self._keep = (*_plain(redaction.keep), *ALWAYS_KEPT) if redaction.keep else ()
        self._longest = max((len(each) for each in (*self._paths, *self._keep)), default=0)
        self._hides: dict[str, bool] = {}
        self.counts: Counter[str] = Counter()

    def anew(self) -> Self:
        """Return the same rules, with counts of their own."""
        other = copy(self)
        other.counts = Counter()
        return other

    @property
    def by_path(self) -> bool:
        """Return whether a value is judged by where it is, so that what cannot be taken apart cannot be judged."""
        return bool(self._paths or self._keep)

    def text(self, text: str, *, always_hashed: bool = False) -> str:
        """Return a text without what is known by how it is written, also in JSON's escapes. ``always_hashed``: it tells signals apart."""
        if len(text) < SHORTEST:
            return text
        if "\\u" in text:
            said = _ESCAPED.sub(_unescaped, text)
            without = self._without(said, always_hashed=always_hashed)
            return text if without == said else without
        return self._without(text, always_hashed=always_hashed)

    def at(self, path: str, name: str) -> str:
        """Return the path of a member: as much of it as its rules look at, so that names without end cost no more than others."""
        whole = f"{path}.{name}"
        return whole if len(whole) <= self._longest + NAME_END else whole[: self._longest + 1] + whole[-NAME_END:]

    def _without(self, text: str, *, always_hashed: bool) -> str:
        for kind in self._kinds:
            parts: list[str] = []
            last = 0
            for begin, end, said in FINDERS[kind](text):
                if begin < last:
                    continue
                parts += [text[last:begin], self._instead(kind, said, hashes=(self._hashes and kind != CREDENTIAL) or always_hashed)]
                last = end
                self.counts[kind] += 1
            if parts:
                text = "".join((*parts, text[last:]))
        return text

    def hides(self, path: str) -> bool:
        """Return whether all that is at a path, or the secret that its name says, is to be replaced."""
        found = self._hides.get(path)
        if found is None:
            found = _is_below(path, self._paths) or (CREDENTIAL in self._kinds and is_secret_name(path))
            if len(self._hides) < _PATHS_KNOWN:
                self._hides[path] = found
        return found

    def hidden(self, path: str, text: str) -> str:
        """Return what stands for a value at a path that is hidden."""
        if not _is_below(path, self._paths):
            self.counts[CREDENTIAL] += 1
            return self._instead(CREDENTIAL, text, hashes=False)
        self.counts[PATH] += 1
        for kind in self._kinds:
            for begin, end, said in FINDERS[kind](text):
                if (begin, end) == (0, len(text)):  # the same customer elsewhere, in a text
                    return self._instead(kind, said, hashes=self._hashes)
        return self._instead("redacted", text, hashes=self._hashes)

    def drops(self, path: str) -> bool:
        """Return whether nothing at a path, and nothing below it, is kept."""
        if not self._keep or _is_below(path, self._keep) or any(kept.startswith(f"{path}.") for kept in self._keep):
            return False
        self.counts[NOT_KEPT] += 1
        return True

    def keeps_whole(self, path: str) -> bool:
        """Return whether all below a path is kept."""
        return not self._keep or _is_below(path, self._keep)

    def _instead(self, kind: str, said: str, *, hashes: bool) -> str:
        if not hashes:
            return f"[{kind}]"
        digest = hmac.new(self._key, f"{kind}\0{said}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        return f"[{kind}:{digest[:_DIGEST_CHARACTERS]}]"


def _plain(paths: Sequence[str]) -> tuple[str, ...]:
    """Return paths without the places in lists: every item of a list is treated alike."""
    return tuple(_LIST.sub("", path) for path in paths)


def _unescaped(found: re.Match[str]) -> str:
    """Return what an escape of JSON says; of JSON within texts of JSON, whose backslashes are doubled with each level, too."""
    count, character = len(found[1]), chr(int(found[2], 16))
    own = count & -count  # the backslashes that belong to the escape; those before them are themselves
    if not character.isprintable():
        return found[0]
    return "\\" * (count - own) + ("\\" * (2 * own - 1) if character in '"\\' else "") + character


def _is_below(path: str, paths: tuple[str, ...]) -> bool:
    return any(path == each or path.startswith(f"{each}.") for each in paths)
