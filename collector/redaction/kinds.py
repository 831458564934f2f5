"""Kinds of personal data and secrets that are known by how they are written.

Each is found with as few mistakes as its own check digits allow: an order's number must not become a card's. A telephone number therefore
is one with its country's code, or behind a word such as "Tel."; others are named by their path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_LOCAL_PART = re.compile(r"[\w.+%'-]{1,64}")
_DOMAIN = re.compile(r"(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d\d(?=[ -]?[A-Za-z0-9])", re.ASCII)
_CARD = re.compile(r"(?<![\w.])\d(?:[ -]?\d){13,18}(?!\w)", re.ASCII)
_PHONE = re.compile(
    r"(?<![\w+])\+[1-9](?:[ ./()-]{0,3}\d){6,14}(?!\d)"
    r"|(?<!\w)(?:tel|telefon|phone|mobile|mobil|handy|fax)\b[\"']?[ .:=]{1,3}[\"']?(\(?\d(?:[ ./()-]{0,3}\d){5,14})(?!\d)",
    re.ASCII | re.IGNORECASE,
)
_GUARDED = (
    r"(?:password|passwd|pwd|passphrase|passcode|passwort|kennwort|secret|token|(?:api|access|private|secret|signing|encryption)[_-]?key"
    r"|authorization|cookie|credentials?)"
)
"""What the names of secrets end in."""
NAME_END = 16
"""Characters: more than the longest of them."""
_SCHEME = r"(?:bearer|basic|digest|negotiate|ntlm|token|api[_-]?key|oauth|dpop|hawk|aws4-hmac-sha256|shared\w{3,20})"
_VALUE = (
    r"(?:\{(?:[^}]|\}\}){1,128}+\}(?!\})"  # ODBC and SQL Server: in braces, of which the closing one is doubled
    r"|\\\"(?:[^\"\\]|\\\\(?:\\.)?|\\[^\"\\])*+(?:\\?\")?"  # within a text of JSON, whose quotes are escaped
    r"|\"(?:[^\"\\]|\\.)*+\"?|'(?:[^'\\]|\\.|'')*+'?|[^\s&;,\"'}]+)"
)
"""A secret behind its name: in quotes, which it may hold escaped, or up to the next blank or sign."""
_QUOTED = r"'(?:[^'\\]|\\.|'')*+'?|\"(?:[^\"\\]|\\.)*+\"?"
_SQL = (
    rf"\bidentified\s{{1,64}}(?:with\s{{1,64}}[\w'\"`]{{1,64}}\s{{1,64}})?(?:by|as)\s{{1,64}}(?:(?:password|values)\s{{1,64}})?({_QUOTED})"
    r"|\b(?:user|role)\s{1,64}[^\s;]{1,128}\s{1,64}identified\s{1,64}by\s{1,64}(?!values\b|password\b)([^\s;'\"]{1,256})"
    rf"|\bpassword\s{{1,64}}for\s{{1,64}}[^=\n]{{1,256}}=\s{{0,64}}(?:password\s?\(\s?)?({_QUOTED})"
    r"|\bpassword(?:\s{1,64}|\s?=?\s?password\s?\(\s?|\s?\(\s?)('(?:[^'\\]|\\.|'')*+'?)"
)
"""A password in a statement of SQL; what is not in quotes only behind a user's name, because people write "identified by" too."""
_MAIL_LABEL = r"(?:mailto|to|from|cc|bcc|reply-to|sender|e?-?mail|user|username|customer|contact|sips?|xmpp|acct|von|an|kunde|kontakt)"
_SIGN = r"[^\s:/@,;\"'<>(){}|\\]"
_SECRET = rf"{_SIGN}{{1,128}}"
_STRONG = rf"(?={_SIGN}{{6}})(?={_SIGN}{{0,127}}?[a-z])(?={_SIGN}{{0,127}}?[\d!#$%&*^?~+=])"
_HOST = r"(?-i:[a-z][a-z\d-]{0,62})(?![\w.@])"
_LOGIN = (
    r"(?<![\w.:/@+%-])(?:"
    rf"(?:user|root|admin|guest|postgres|sa):(?!\d+@)({_SECRET})@{_HOST}"
    rf"|(?!(?:mailto|sips?|xmpp):)[a-z_][\w.+-]{{0,63}}:(?!\d+@)(?:"
    rf"({_SECRET})@(?:[\w.-]{{1,253}}:\d{{2,5}}(?!\w)|\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?![\w.])|localhost\b|\w{{2,8}}\()"
    rf"|{_STRONG}({_SECRET})@(?!sha\d{{3}}\b){_HOST})"
    rf"|(?!{_MAIL_LABEL}:)[a-z_][\w.+-]{{0,63}}:(?!\d+@){_STRONG}({_SECRET})@[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{1,8}})"
)
"""``user:password@host`` without a scheme: any password before a port, an address or ``localhost``, or behind a name that is a user's; else
one that looks like a password. What a colon stands before in a mail's header is an address, and digits alone are a port or a time."""
_ORACLE_USER = r"(?<![\w/.:@-])[a-z][\w$#]{0,63}"
_ORACLE = (
    r"jdbc:oracle:\w{1,8}:[^\s/@]{0,128}/(\"[^\"\n]{1,128}\"|[^\s@]{1,128})@"
    rf"|{_ORACLE_USER}/(\"[^\"\n]{{1,128}}\"|[^\s/@\"']{{1,128}})@(?://|\(|[\w.-]{{1,253}}:\d{{2,5}}[:/])"
    r"|\b(?:sqlplus|sqlldr|expdp|impdp|exp|imp|rman|connect|conn)\s(?:-\w{1,8}\s){0,4}(?:userid=)?"
    r"[a-z][\w$#]{0,63}/(\"[^\"\n]{1,128}\"|[^\s/@\"']{1,128})@"
)
"""``user/password@database``: for JDBC, before ``//``, a description or a port with a database, or behind Oracle's commands."""
_BUSINESS_NUMBER = re.compile(
    r"(?i:[\w.-]{0,40}(?:order|delivery|shipment|invoice|material|article|item|batch|customer|vendor|supplier|idoc|document|tracking"
    r"|container|pallet|auftrag|bestellung|lieferung|rechnung|artikel|kunde|lieferant|charge|beleg)|po|so|sku|lot|hu|sscc)"
    r"(?i:[_-]?(?:id|no|nr|num|number|key|ref))?:[A-Z0-9]+(?:[-_.][A-Z0-9]+)*@(?!localhost)[A-Za-z][\w.-]*"
)
"""``order:A47110@plant``: a noun of the business, and digits and capital letters alone, as its numbers have. A password seldom has such a
form, and no user's name is such a noun at the same time. Before a port or a numeric address it is a password all the same."""
_CREDENTIAL_FORMS = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?<![\w-])eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*"
    r"|\b(?:bearer|basic)\s{1,3}[\w.~+/=-]{6,}"
    r"|\bauth\s(?:plain|login|xoauth2)\s{1,3}((?=[\w+/]{1,256}?(?-i:(?<=\w)[A-Z\d]))[\w+/]{8,2048}={0,2})"
    r"|[?&](?:x-(?:amz|goog)-)?sig(?:nature)?=([^\s&;\"'<>]{10,})"
    r"|\baccountkey=([\w+/]{20,256}={0,2})"
    r"|;\s?(?:password|pwd)\s?=\s?([^\s;{\"'][^;\n]{0,127})(?=;|\Z)"  # in such a list, it may have blanks
    r"|(?<![\w-])(?:-u|--(?:proxy-)?user)[\s=]{1,3}(?:'[^':]{1,128}:([^']{1,256})'|\"[^\":]{1,128}:([^\"]{1,256})\""
    r"|(?!\d+:)[^\s:\"'/]{1,128}:([^\s\"']{1,256}))"
    r"|cookie\s{0,3}:\s{0,3}([^\s;,\"'=]{1,256}=[^\s;,\"']*(?:;\s?[^\s;,\"'=]+(?:=[^\s;,\"']*)?)*)"
    rf"|{_GUARDED}\\?[\"']?\s{{0,3}}(?:=>|[=:])\s{{0,3}}(?:{_SCHEME}\s{{1,3}})?({_VALUE})"
    rf"|(?<![\w-])--(?:[\w-]{{1,32}}-)?{_GUARDED}\s{{1,3}}(?!-)({_VALUE})"
    rf"|<[\w.:-]{{0,64}}{_GUARDED}(?:\s[^<>]{{0,1024}})?(?<!/)>\s{{0,64}}(<!\[CDATA\[.*?(?:\]\]>|\Z)|[^<\s][^<]*)"
    r"|://[^\s/:@]{0,256}(?:@[^\s/:@]{1,253})?:([^\s/@\"']{1,256}(?:@[^\s/@\"',;&?=]{1,128})*)@"
    r"|://[^\s/:@]{0,256}:(?!\d{1,5}/)([^\s@\"']{1,256})@[\w.-]{1,253}(?::\d{2,5}|/)"
)
_CREDENTIAL = {
    (sql, login): re.compile(f"{_SQL}|" * sql + _CREDENTIAL_FORMS + f"|{_ORACLE}|{_LOGIN}" * login, re.IGNORECASE | re.DOTALL)
    for sql in (False, True)
    for login in (False, True)
}
"""By whether a text may hold statements of SQL, and users without a scheme: each form that is looked for costs time in every text."""
_NAMED = re.compile(rf"{_GUARDED}$", re.IGNORECASE)
_COUNTRIES = {
    15: "NO", 16: "BE", 18: "DK FI FK FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK", 21: "CH CR HR LI LV",
    22: "BG BH DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HN HU LB NI PL SV", 29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC",
    32: "LC", 33: "RU",
}  # fmt: skip
_IBAN_FORMS = {
    country: re.compile(rf"[A-Za-z0-9](?:[ -]?[A-Za-z0-9]){{{length - 1}}}(?![^\W_])")
    for length, countries in _COUNTRIES.items()
    for country in countries.split()
}
"""By country; the lengths are of the registry of ISO 13616."""
_ISSUERS = re.compile(r"4|5[1-5]|2[2-7]|3[47]|3(?:0[0-5]|[689])|6(?:011|4[4-9]|5)|62|35|50|5[6-9]|6[37]")
_CARD_LENGTHS = {"4": {16, 19}, "34": {15}, "37": {15}, "30": {14}, "36": {14}, "38": {14}, "39": {14}}
SHORTEST = 6
"""Of all that is found, in characters; most texts of a signal are shorter, or have none of the signs that are looked for first."""
_IBAN_SHORTEST, _CARD_SHORTEST, _PHONE_SHORTEST = 15, 14, 8
_LOCAL_PART_LONGEST = 64
_PHONE_SIGNS = re.compile(r"\+[1-9]|tel|phone|mobil|handy|fax", re.IGNORECASE)
_CREDENTIAL_SIGNS = re.compile(r"[=:<]|eyJ|bearer|basic|auth\s|-u\s|--", re.IGNORECASE)
Found = tuple[int, int, str]
"""Where something begins and ends, and what it says however it is spelled."""


def _emails(text: str) -> Iterator[Found]:
    if "@" in text or "%40" in text:
        last = 0
        for domain in _DOMAIN.finditer(text):
            before = text[max(last, domain.start() - _LOCAL_PART_LONGEST) : domain.start()]
            if local_part := _LOCAL_PART.match(before[::-1]):  # backwards: from where it may begin, it would be looked for 64 times
                begin, last = domain.start() - local_part.end(), domain.end()
                yield begin, last, text[begin:last].replace("%40", "@").lower()


def _ibans(text: str) -> Iterator[Found]:
    after = 0
    if len(text) < _IBAN_SHORTEST:
        return
    for found in _IBAN.finditer(text):
        form = _IBAN_FORMS.get(found[0][:2].upper())
        if form is None or found.start() < after or (whole := form.match(text, found.start())) is None:
            continue
        compact = re.sub("[ -]", "", whole[0]).upper()
        if int("".join(str(int(each, 36)) for each in compact[4:] + compact[:4])) % 97 == 1:
            after = whole.end()
            yield *whole.span(), compact


def _cards(text: str) -> Iterator[Found]:
    if len(text) < _CARD_SHORTEST:
        return
    for found in _CARD.finditer(text):
        digits = re.sub(r"\D", "", found[0])
        issuer = _ISSUERS.match(digits)
        lengths = next((each for name, each in _CARD_LENGTHS.items() if digits.startswith(name)), {16})
        if issuer and len(digits) in lengths and _has_check_digit(digits):
            yield *found.span(), digits


def _has_check_digit(digits: str) -> bool:
    """Return whether the last digit is Luhn's."""
    doubled = (int(each) * (1 + place % 2) for place, each in enumerate(reversed(digits)))
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def _phones(text: str) -> Iterator[Found]:
    if len(text) < _PHONE_SHORTEST or not _PHONE_SIGNS.search(text):
        return
    for found in _PHONE.finditer(text):
        yield *found.span(1 if found[1] else 0), re.sub(r"[^\d+]", "", found[1] or found[0])


def _credentials(text: str) -> Iterator[Found]:
    lower = text.lower()
    sql = "identified" in lower or "password" in lower
    login = "@" in text
    if not sql and not login and not _CREDENTIAL_SIGNS.search(text):
        return
    for found in _CREDENTIAL[sql, login].finditer(text):
        if login and _BUSINESS_NUMBER.fullmatch(found[0]):
            continue
        group = found.lastindex or 0
        yield *found.span(group), found[group]


FINDERS: dict[str, Callable[[str], Iterator[Found]]] = {
    "credential": _credentials,
    "email": _emails,
    "iban": _ibans,
    "credit_card": _cards,
    "phone": _phones,
}


def is_secret_name(name: str) -> bool:
    """Return whether what has this name is a secret: ``db.password``, ``accessToken``. The last :data:`NAME_END` characters say it."""
    return _NAMED.search(name[-NAME_END:]) is not None
