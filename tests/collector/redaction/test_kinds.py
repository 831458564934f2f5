"""What is known by how it is written, and what only looks like it."""

from __future__ import annotations

import time

import pytest

from collector.redaction.kinds import FINDERS, is_secret_name


def found(kind: str, text: str) -> list[str]:
    return [text[begin:end] for begin, end, _ in FINDERS[kind](text)]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("email", "to Hans.Müller+erp@mail.example.de, today", "Hans.Müller+erp@mail.example.de"),
        ("email", "GET /c?mail=hans%40example.com&x=1", "hans%40example.com"),
        ("email", "<o'neil@example.com>", "o'neil@example.com"),
        ("iban", "IBAN DE89 3704 0044 0532 0130 00 and more words", "DE89 3704 0044 0532 0130 00"),
        ("iban", "gb29nwbk60161331926819", "gb29nwbk60161331926819"),
        ("iban", "NO9386011117947.", "NO9386011117947"),
        ("credit_card", "paid with 4111 1111 1111 1111", "4111 1111 1111 1111"),
        ("credit_card", "5555-5555-5555-4444", "5555-5555-5555-4444"),
        ("credit_card", "amex 378282246310005", "378282246310005"),
        ("phone", "call +49 (0)89 123456-78", "+49 (0)89 123456-78"),
        ("phone", "Tel.: 089 / 1234567", "089 / 1234567"),
        ("phone", '{"mobile": "0170 1234567"}', "0170 1234567"),
        ("credential", "password=hunter2 and", "hunter2"),
        ("credential", 'db.passwd: "hun ter2", x', '"hun ter2"'),
        ("credential", "Authorization: Bearer abc.def-ghi", "abc.def-ghi"),
        ("credential", "sent Bearer abcdefgh12", "Bearer abcdefgh12"),
        ("credential", "amqp://erp:hunter2@broker", "hunter2"),
        ("credential", "?api_key=xyz&order=4711", "xyz"),
        ("credential", "eyJhbGciOi.eyJzdWIiOi.c2ln", "eyJhbGciOi.eyJzdWIiOi.c2ln"),
        ("credential", 'said {\\"token\\": \\"xyz\\"}', '\\"xyz\\"'),
        ("credential", '<wsse:Password Type="#PasswordText">hunter2</wsse:Password>', "hunter2"),
        ("credential", "<apiKey><![CDATA[a<b]]></apiKey>", "<![CDATA[a<b]]>"),
        ("credential", "mysqldump --password hunter2 orders", "hunter2"),
        ("credential", "--db-password 'hun ter2' orders", "'hun ter2'"),
        ("credential", "SECRET_KEY=xyz order=4711", "xyz"),
        ("credential", "password => 'it''s' and", "'it''s'"),
        ("credential", r'password="a\"b c" and', r'"a\"b c"'),
        ("credential", r'said {\"token\": \"x\\\"y z\", \"order\": 1}', r'\"x\\\"y z\"'),
        ("credential", "Authorization: ApiKey abc123 of 4711", "abc123"),
        ("credential", "Cookie: theme=dark; session=xyz; Secure\r\nHost: erp", "theme=dark; session=xyz; Secure"),
        ("credential", "CREATE USER 'erp'@'%' IDENTIFIED BY 'hun''ter 2'; GRANT", "'hun''ter 2'"),
        ("credential", "alter user erp identified with sha256_password by 'hunter2'", "'hunter2'"),
        ("credential", 'ALTER USER scott IDENTIFIED\n    BY "tiger" ACCOUNT UNLOCK', '"tiger"'),
        ("credential", "ALTER USER scott IDENTIFIED BY tiger;", "tiger"),
        ("credential", "ALTER USER scott IDENTIFIED BY VALUES 'S:8F2A'", "'S:8F2A'"),
        ("credential", "IDENTIFIED BY PASSWORD '*2470C0C06DEE42FD'", "'*2470C0C06DEE42FD'"),
        ("credential", "CREATE ROLE erp LOGIN ENCRYPTED PASSWORD 'hunter2' VALID UNTIL 'infinity'", "'hunter2'"),
        ("credential", "SET PASSWORD FOR 'erp'@'%' = PASSWORD('hunter2')", "'hunter2'"),
        ("credential", "SET PASSWORD = PASSWORD ( 'hunter2' )", "'hunter2'"),
        ("credential", "connecting to erp:hunter2@broker now", "hunter2"),
        ("credential", "erp:hunter2@db.example.com/orders", "hunter2"),
        ("credential", "guest:guest@localhost", "guest"),
        ("credential", "as user:pass@host, said", "pass"),
        ("credential", "(erp:geheim@db.example.com:5432)", "geheim"),
        ("credential", "erp:geheim@10.0.0.7", "geheim"),
        ("credential", "dsn erp:geheim@tcp(db:3306)/orders", "geheim"),
        ("credential", "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----"),
    ],
)  # fmt: skip
def test_it_is_found(kind: str, text: str, value: str) -> None:
    assert found(kind, text) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "order 0000004711 of material 4006381333931",
        "delivery 0080001234, 2026-03-27T14:50:00+01:00",
        "IDoc 0000000000123456 in 0.4111111111111111 s",
        "trace 4bf92f3577b34da6a3ce929d0e0e4736 at 1774612800000000000",
        "SSCC 340123450000000011, GLN 4012345000009",
        "DE89 3704 0044 0532 0130 01 is no IBAN",
        "4111 1111 1111 1112",
        "user@host and @here",
        "10 tokens, secretary: none",
        "a token>5 b, <order>4711</order>, <token/> <credentials>\n  <order>4711</order>",
        "--token --order 4711",
        "quantity +10 PC",
        "http://broker:5672/a@b",
        "at 10:30@plant, host:5432@primary, db:5432@host:80",
        "mailto:hans2@x and to:hans@y or from:user@host and shift:early@plant, B2:B3@plant",
        "nginx:1.25-alpine@sha256:4f1ac6a1 and material:MAT-4711@DE07",
        "it is identified by number 4711, identified with care by us; a password for the order = 4711; no password (none)",
    ],
)
def test_identifiers_of_business_are_left_alone(text: str) -> None:
    assert {kind: found(kind, text) for kind in FINDERS if found(kind, text)} == {}


def test_an_address_behind_a_word_and_a_colon_is_no_password() -> None:
    text = "to:hans2000@example.com,user:o.neil1@example.com, customer:max1984@mail.example.com; mailto:hans@example.com"
    assert found("credential", text) == []
    assert len(found("email", text)) == 4


def test_one_value_says_the_same_however_it_is_spelled() -> None:
    for kind, spellings in {
        "email": ["Hans@Example.com", "hans%40example.com"],
        "iban": ["DE89 3704 0044 0532 0130 00", "de89370400440532013000"],
        "credit_card": ["4111 1111 1111 1111", "4111-1111-1111-1111"],
        "phone": ["+49 89 1234567", "+49-89-1234567"],
    }.items():
        assert len({said for text in spellings for _, _, said in FINDERS[kind](text)}) == 1


@pytest.mark.parametrize("text", ["@" + "a" * 64, "a@", "a%40", "a" * 64 + "@", "DE12 "])
def test_a_text_that_is_written_to_be_looked_at_again_and_again_costs_little_more_than_another(text: str) -> None:
    usual, unusual = ("order 4711 was posted " * 10_000, text * (220_000 // len(text)))
    assert min(_seconds(unusual) for _ in range(3)) < 6 * min(_seconds(usual) for _ in range(3))  # it was up to 19 times as much


def _seconds(text: str) -> float:
    before = time.process_time()
    for kind in FINDERS:
        for _ in FINDERS[kind](text):
            pass
    return time.process_time() - before


def test_a_mail_address_is_found_whatever_stands_before_and_behind_it() -> None:
    assert found("email", "a@b@c.de and d@e.fr@g.h") == ["b@c.de", "d@e.fr"]
    assert found("email", "a%40b%40c.de") == ["a%40b%40c.de"]
    assert found("email", "x" * 100 + "@c.de") == ["x" * 64 + "@c.de"]
    assert found("email", "@c.de") == []


def test_a_name_says_that_its_value_is_a_secret() -> None:
    for name in ("data.password", "accessToken", "http.request.header.authorization", "apiKey", "client_secret", "cookie"):
        assert is_secret_name(name)
    for name in ("token.type", "usage.tokens", "data.order", "secretary"):
        assert not is_secret_name(name)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 64_000,
        "@" * 64_000,
        "1 " * 32_000,
        "+1" + " -" * 32_000,
        "DE89" * 16_000,
        "password" * 8_000,
        "a.b" * 20_000 + "@",
        "-eyJabcde" * 7_000,
        "a:1," * 16_000 + "@",
        "a:b1 " * 12_000 + "@",
        "a:" + "1" * 64_000 + "@",
        "user a identified by " * 3_000,
        "password for a " * 4_000,
        "identified by '" * 4_000,
        "-----BEGIN PRIVATE KEY-----" * 3_000,
    ],
)
def test_a_hostile_text_takes_no_time(text: str) -> None:
    for finder in FINDERS.values():
        list(finder(text))  # the run's own limit of time ends what is quadratic
