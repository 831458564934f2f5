"""Decides whether a statement may run on the read endpoint, before ClickHouse sees it.

``readonly = 1`` alone is not enough in the embedded engine: it still lets the function ``file`` read any file, INTO OUTFILE write one,
DESCRIBE fetch an address, KILL end the queries of others and USE change what the next reader of the connection sees. So a statement is
split into tokens, must be a single query, and may not call a function that reaches outside the store. Comments are removed before
ClickHouse reads it; what a client may ask of any server, and may not learn or set of this one, is replaced. Only ClickHouse's parser knows
which tables it names: :mod:`store.read_endpoint.named_tables`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.errors import Permanent
from store.read_endpoint.named_tables import SET_FUNCTION, SYSTEM_TABLES

SERVER_NAME = "andon"
"""What functions that ask for the name of the server or its host answer: who reads the store need not know the machine."""
REVISION = 0
"""The revision of the Native format that answers are in (:mod:`store.read_endpoint.native`)."""
_TOKEN = re.compile(
    r"""
    (?P<comment>--[^\n]*|/\*.*?\*/)
  | (?P<string>'(?:[^'\\]|\\.|'')*')
  | (?P<quoted>"(?:[^"\\]|\\.|"")*"|`(?:[^`\\]|\\.|``)*`)
  | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<number>[0-9][A-Za-z0-9_.]*)
  | (?P<space>[ \t\r\n]+)
  | (?P<mark>[-+*/%()\[\]{},.:;<>=!?|@^&~])
    """,
    re.VERBOSE | re.DOTALL,
)
_BETWEEN = frozenset({"space", "comment"})
_BEGINNINGS = frozenset({"select", "with", "show", "describe", "desc", "from", "(", "explain"})
_OTHER_STATEMENTS = frozenset({
    "alter", "attach", "backup", "begin", "check", "commit", "copy", "create", "delete", "detach", "drop", "exchange", "execute", "exists",
    "grant", "insert", "kill", "move", "optimize", "parallel", "rename", "replace", "restore", "revoke", "rollback", "set", "system",
    "truncate", "undrop", "update", "use", "watch",
})  # fmt: skip
_EXPLAINED = frozenset({"select", "with", "from", "("})
_EXPLAINING = frozenset(
    {"=", ",", "explain", "plan", "pipeline", "syntax", "ast", "estimate", "query", "tree", "header", "indexes", "description"}
)
_OWN_LIMITS = frozenset({"max_threads", "max_execution_time"})
"""Settings that a query may name although they change nothing: it has the endpoint's own limits, which are not looser."""
_SHOWN = frozenset({"tables", "databases", "create", "columns", "functions", "full"})
_WORDS = frozenset({"outfile", "infile", "parallel", "processlist", "apply"})
"""Never allowed as bare words: files, several statements in one, what others do, functions called without parentheses."""
_LEAVING = re.compile(
    r"""file|url|python|sqlite|mysql|postgresql|mongodb|redis|jdbc|odbc|input|dictionary|cosn|oss|gcs|loop|eval|bigquery|ytsaurus|filesystem
      | merge|generaterandom|arrow\w*|s3\w*|hdfs\w*|hudi\w*|iceberg\w*|paimon\w*|deltalake\w*|azure\w*|remote\w*|cluster\w*|\w+cluster
      | executable\w*|fuzz\w+|mergetree\w+|timeseries\w+|prometheus\w+|viewexplain|catboost\w+|ai[a-z]+|dictget\w*|dictha\w+
      | getclienthttpheader|currentrequesturl|logtrace|sleep\w*|filesystem\w+|getserversetting|getsetting\w*|getmacro|addresstoline\w*
      | addresstosymbol|demangle|hascolumnintable|naivebayesclassifier|showcertificate|structureto\w+schema|joinget\w*|evalmlmethod|initial\w+
      | hostname|fqdn|fullhostname|displayname|getoskernelversion|serveruuid|tcpport""",
    re.VERBOSE,
)
"""Functions and table functions that reach files, addresses, programs, other databases, models, the host or what other people do."""
_SERVER_NAMES = frozenset({"hostname", "fqdn", "fullhostname", "displayname"})
_NO_VALUE = frozenset({"select", "with", "from", "explain", "settings", "format"})
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_STOPPING = frozenset({"throwif", "sleep", "sleepeachrow"})
_INSTEAD = "use an expression over the signal's own columns, such as upper(service) or extract(body, '[0-9]+')"


class NotSqlError(Permanent):
    """A text that is no SQL statement at all, rather than one that may not be asked."""


@dataclass(frozen=True, slots=True)
class Question:
    """A statement without comments, trailing FORMAT and semicolon; ``format`` is empty if it names none.

    ``outline``: the same, for the parser only, with constants in place of texts and parameters, and plain words in place of names; of an
    EXPLAIN, what it explains. ``given``: the names that it defines itself, with WITH and AS.
    """

    sql: str
    format: str
    outline: str
    given: frozenset[str]


def question(text: str) -> Question:
    """Return the statement to run. Raises :class:`core.errors.Permanent` that says what is not allowed, as NotSqlError if it is no SQL."""
    tokens = _with_names_of_this_server(_tokens(text))
    while tokens and (tokens[-1][0] in _BETWEEN or tokens[-1][1] == ";"):
        tokens.pop()
    words = [(kind, part) for kind, part in tokens if kind not in _BETWEEN]
    _check_beginning(words)
    for index, (kind, part) in enumerate(words):
        following = words[index + 1][1] if index + 1 < len(words) else ""
        if part == ";":
            raise NotSqlError("one statement at a time")
        if part.lower() == "identifier" and words[index - 1][1] == ":":
            raise Permanent("a name as a parameter is not allowed in readonly mode")
        if kind == "word" and part.lower() in _WORDS:
            raise Permanent(f"{part.upper()} is not allowed in readonly mode")
        if kind in {"word", "quoted"}:
            name = _name(part)
            if following == "(" and _LEAVING.fullmatch(name):
                raise Permanent(f"function {name} is not allowed in readonly mode: it reaches outside the store")
            if name == "system" and following == ".":
                _check_system_table(words[index + 2 : index + 3])
    asked = ""
    if len(words) > 2 and words[-2][1].lower() == "format" and words[-2][0] == words[-1][0] == "word":
        asked = words[-1][1]
        cut = next(index for index in range(len(tokens) - 1, -1, -1) if tokens[index][1].lower() == "format")
        tokens = tokens[:cut]
    tokens = _without_own_limits(tokens)
    return Question("".join(part for _, part in tokens).strip(), asked, _outline(_explained(tokens)), _given(tokens))


def _with_names_of_this_server(tokens: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the statement with constants, named like the functions, in place of functions that ask who and where the server is."""
    changed: list[tuple[str, str]] = []
    skipped = 0
    for index, (kind, part) in enumerate(tokens):
        if skipped:
            skipped -= 1
            continue
        following = [text for _, text in tokens[index + 1 : index + 3]]
        if kind == "word" and following == ["(", ")"] and (part.lower() in _SERVER_NAMES or part.lower() == "revision"):
            constant = f"toUInt32({REVISION})" if part.lower() == "revision" else f"'{SERVER_NAME}'"
            changed += _tokens(f"({constant} AS `{part}()`)")
            skipped = 2
        else:
            changed.append((kind, part))
    return changed


def _without_own_limits(tokens: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the statement without a SETTINGS at its end that names only limits which the endpoint sets itself."""
    places = [index for index, (kind, part) in enumerate(tokens) if kind == "word" and part.lower() == "settings"]
    rest = [(kind, part) for kind, part in tokens[places[-1] + 1 :] if kind not in _BETWEEN] if places else []
    settings = [rest[start : start + 4] for start in range(0, len(rest), 4)]
    own = bool(settings) and all(
        [part for _, part in setting[3:]] == ([","] if index + 1 < len(settings) else [])
        and setting[0][1].lower() in _OWN_LIMITS
        and [part for _, part in setting[1:2]] == ["="]
        and [kind for kind, _ in setting[2:3]] == ["number"]
        for index, setting in enumerate(settings)
    )
    return tokens[: places[-1]] if own else tokens


def _explained(tokens: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return what a statement explains, or all of it if it does not begin with EXPLAIN. Raises :class:`core.errors.Permanent`."""
    if not tokens or next((part.lower() for kind, part in tokens if kind not in _BETWEEN), "") != "explain":
        return tokens
    for index, (kind, part) in enumerate(tokens):
        if part.lower() in _EXPLAINED:
            return tokens[index:]
        if kind not in {*_BETWEEN, "number"} and part.lower() not in _EXPLAINING:
            raise Permanent(f"only a query can be explained in readonly mode, not {part[:40].upper()}")
    raise NotSqlError("no query follows EXPLAIN")


def _outline(tokens: list[tuple[str, str]]) -> str:
    """Return the statement in the form that is parsed to find the tables it names."""
    parts: list[str] = []
    skipping = False
    for index, (kind, part) in enumerate(tokens):
        ahead = [text for other, text in tokens[index + 1 : index + 8] if other not in _BETWEEN]
        skipping = skipping or (part == "{" and len(ahead) > 1 and ahead[0].isidentifier() and ahead[1] == ":")
        if not skipping:
            parts.append("''" if kind == "string" else _plain_name(part) if kind == "quoted" else part)
        elif part == "}":
            skipping = False
            parts.append("1")
    return "".join(parts).strip()


def _plain_name(quoted: str) -> str:
    """Return a quoted name if it is a plain word, else a plain word that cannot be a table's name."""
    inner = quoted[1:-1]
    return quoted if inner.isascii() and inner.isidentifier() else f"`0{inner.encode().hex()}`"


def _given(tokens: list[tuple[str, str]]) -> frozenset[str]:
    """Return what is next to an AS: the names of WITH to its left, those of columns and tables to its right."""
    words = [(kind, part) for kind, part in tokens if kind not in _BETWEEN]
    beside = [
        words[place]
        for index, (_, part) in enumerate(words)
        if part.lower() == "as"
        for place in (index - 1, index + 1)
        if 0 <= place < len(words)
    ]
    return frozenset(part.strip('`"') for kind, part in beside if kind in {"word", "quoted"} and part.strip('`"').isidentifier())


def check_expression(text: str) -> None:
    """Raise :class:`core.errors.Permanent` unless ``text`` is one value.

    It may be made of a signal's columns, constants and functions that stay inside the store.

    It becomes part of statements that run with every right, so it may not do what a query may (read a table, be cut off by a comment).
    """
    tokens = _tokens(text)
    if any(kind == "comment" for kind, _ in tokens):
        raise Permanent("a comment cannot be part of an expression; write it as a YAML comment, after '#'")
    words = [(kind, part) for kind, part in tokens if kind != "space"]
    depth = 0
    for index, (kind, part) in enumerate(words):
        following = words[index + 1] if index + 1 < len(words) else ("", "")
        if kind == "word" and part.lower() == "in":
            _check_set(words[index + 1 :])
        depth += (part in _OPENING) - (part in _CLOSING) if kind == "mark" else 0
        if depth < 0 or part == ";" or (part == "," and depth == 0):
            raise Permanent(f"an expression must be a single value; remove the '{part}'")
        if kind in {"word", "quoted"}:
            _check_word(kind, _name(part), words[index - 1][1] if index else "", following)
    if depth:
        raise Permanent("a bracket is not closed; close it")


def _check_word(kind: str, name: str, before: str, following: tuple[str, str]) -> None:
    if following[1] == "(" and (name in _STOPPING or _LEAVING.fullmatch(name)):
        what = "stops or delays the store" if name in _STOPPING else "reaches outside the store"
        raise Permanent(f"function '{name}' {what}; {_INSTEAD}")
    if kind == "word" and before != "." and (name in _NO_VALUE or name in _WORDS):
        raise Permanent(f"'{name.upper()}' reads tables, but an expression may read only one signal; {_INSTEAD}")
    if name == "system" and following[1] == ".":
        raise Permanent(f"the tables of 'system' are not part of a signal; {_INSTEAD}")
    if following[1] == "(" and name != "in" and SET_FUNCTION.fullmatch(name):
        raise Permanent(f"function '{name}' may read a table; write service IN ('a', 'b') or service NOT IN ('a', 'b')")


def _check_set(following: list[tuple[str, str]]) -> None:
    """Raise :class:`core.errors.Permanent` unless a set of constants follows; a name there would be a table."""
    depth = 0
    for kind, part in following:
        depth += (part in _OPENING) - (part in _CLOSING) if kind == "mark" else 0
        if kind in {"word", "quoted"}:
            raise Permanent("a name after 'IN' would be a table; write the values in brackets: service IN ('a', 'b')")
        if depth == 0:
            return


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found and text.startswith("/*", position) and found.lastgroup != "comment":
            raise NotSqlError(f"the comment at character {position + 1} is not closed; end it with */")
        if found is None:
            raise NotSqlError(f"character {position + 1} is not allowed outside quotes: {text[position]!r}")
        position = found.end()
        kind = str(found.lastgroup)
        blank = "" if tokens and tokens[-1][0] in _BETWEEN else " "
        tokens.append((kind, blank if kind in _BETWEEN else found.group()))
    return tokens


def _name(part: str) -> str:
    """Return an identifier as ClickHouse understands it, in lower case; quotes with escapes are not allowed."""
    if part[0] not in {'"', "`"}:
        return part.lower()
    inner = part[1:-1]
    if "\\" in inner or part[0] in inner:
        raise Permanent("escapes in quoted names are not allowed")
    return inner.lower()


def _check_beginning(words: list[tuple[str, str]]) -> None:
    first = words[0][1].lower() if words else ""
    if first not in _BEGINNINGS | _OTHER_STATEMENTS:
        raise NotSqlError(f"no statement begins with {first[:40] or 'nothing'}; only queries are allowed here, such as SELECT")
    if first not in _BEGINNINGS:
        raise Permanent(f"Cannot execute query in readonly mode: only queries are allowed, not {first[:40].upper()}")
    second = words[1][1].lower() if len(words) > 1 else ""
    if first == "show" and second not in _SHOWN:
        raise Permanent(f"SHOW {second[:40].upper()} is not allowed in readonly mode")


def _check_system_table(following: list[tuple[str, str]]) -> None:
    name = _name(following[0][1]) if following and following[0][0] in {"word", "quoted"} else ""
    if name not in SYSTEM_TABLES:
        raise Permanent(f"system.{name[:60]} is not allowed in readonly mode")
