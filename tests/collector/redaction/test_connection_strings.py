"""Connection strings as systems really write them: their passwords are found whole, and the rest of them stays."""

from __future__ import annotations

import pytest

from collector.redaction.kinds import FINDERS


def without_credentials(text: str) -> str:
    left, last = "", 0
    for begin, end, _ in FINDERS["credential"](text):
        left, last = f"{left}{text[last:begin]}[]", end
    return left + text[last:]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("jdbc:oracle:thin:scott/tiger@//db:1521/orcl", "jdbc:oracle:thin:scott/[]@//db:1521/orcl"),
        ("jdbc:oracle:thin:scott/tiger@db.example.com:1521:orcl", "jdbc:oracle:thin:scott/[]@db.example.com:1521:orcl"),
        ('jdbc:oracle:oci:scott/"ti@ger"@orcl', "jdbc:oracle:oci:scott/[]@orcl"),
        ("with scott/tiger@//db:1521/orcl as sysdba", "with scott/[]@//db:1521/orcl as sysdba"),
        ("scott/tiger@db.example.com:1521/orcl", "scott/[]@db.example.com:1521/orcl"),
        ("scott/tiger@(DESCRIPTION=(ADDRESS=(HOST=db)))", "scott/[]@(DESCRIPTION=(ADDRESS=(HOST=db)))"),
        ("sqlplus -s scott/tiger@orcl", "sqlplus -s scott/[]@orcl"),
        ("sqlldr userid=scott/tiger@orcl", "sqlldr userid=scott/[]@orcl"),
        ("jdbc:mysql://db:3306/erp?user=erp&password=hunter2&useSSL=true", "jdbc:mysql://db:3306/erp?user=erp&password=[]&useSSL=true"),
        ("jdbc:mysql://erp:hunter2@db:3306/erp", "jdbc:mysql://erp:[]@db:3306/erp"),
        ("jdbc:sqlserver://db:1433;user=sa;password=hun ter2;encrypt=true", "jdbc:sqlserver://db:1433;user=sa;password=[];encrypt=true"),
        ("jdbc:sqlserver://db:1433;user=sa;password={hun;ter2};encrypt=true", "jdbc:sqlserver://db:1433;user=sa;password=[];encrypt=true"),
        ("jdbc:db2://db:50000/ERP:user=erp;password=hunter2;", "jdbc:db2://db:50000/ERP:user=erp;password=[];"),
        ("Driver={ODBC Driver 18 for SQL Server};Uid=sa;Pwd={hun;t}}er2};X=1", "Driver={ODBC Driver 18 for SQL Server};Uid=sa;Pwd=[];X=1"),
        ("Server=db;User ID=sa;Password='hun;ter2';X=1", "Server=db;User ID=sa;Password=[];X=1"),
        ("Data Source=db;User Id=scott;Password=tiger", "Data Source=db;User Id=scott;Password=[]"),
        ("amqps://erp:hun%40ter2@mq:5671/vhost", "amqps://erp:[]@mq:5671/vhost"),
        ("amqp://erp:hun@ter2@mq/vhost", "amqp://erp:[]@mq/vhost"),
        ("amqp://erp:hun/ter2@mq:5672/vhost", "amqp://erp:[]@mq:5672/vhost"),
        ("amqp://a:one@m1,amqp://a:two@m2", "amqp://a:[]@m1,amqp://a:[]@m2"),
        ("smtp://erp%40example.com:hunter2@mail:587", "smtp://erp%40example.com:[]@mail:587"),
        ("smtps://erp@example.com:hunter2@mail:465", "smtps://erp@example.com:[]@mail:465"),
        ("C: AUTH PLAIN AGVycABodW50ZXIy", "C: AUTH PLAIN []"),
        ("mongodb+srv://erp:hunter2@c0.abcde.mongodb.net/erp?w=majority", "mongodb+srv://erp:[]@c0.abcde.mongodb.net/erp?w=majority"),
        ("mongodb://erp:hunter2@a:27017,b:27017/erp", "mongodb://erp:[]@a:27017,b:27017/erp"),
        ("redis://:hunter2@cache:6379/0", "redis://:[]@cache:6379/0"),
        ("https://b.s3.amazonaws.com/k?X-Amz-Expires=60&X-Amz-Signature=aeeed9bbccd4d02e", "https://b.s3.amazonaws.com/k?X-Amz-Expires=60&X-Amz-Signature=[]"),
        ("https://b.s3.amazonaws.com/k?Signature=vjbyPxybdZaNmGa%2ByT27&Expires=1", "https://b.s3.amazonaws.com/k?Signature=[]&Expires=1"),
        ("https://a.blob.core.windows.net/c?sv=2022&sig=Z%2FRHIX5Xcg0Mq2r%3D&sp=r", "https://a.blob.core.windows.net/c?sv=2022&sig=[]&sp=r"),
        ("AccountName=a;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1==;X=1", "AccountName=a;AccountKey=[];X=1"),
        ("sb://a/;SharedAccessKeyName=Root;SharedAccessKey=abcDEF123=", "sb://a/;SharedAccessKeyName=Root;SharedAccessKey=[]"),
        ("curl -u erp:hunter2 https://api.example.com", "curl -u erp:[] https://api.example.com"),
        ("curl --user 'erp:hun ter2'", "curl --user 'erp:[]'"),
        ("host=db user=erp password='hun ter2' dbname=erp", "host=db user=erp password=[] dbname=erp"),
        ("order:A47110@db:5432 and orders:GEHEIM1@10.0.0.7", "order:[]@db:5432 and orders:[]@10.0.0.7"),
        ("order:hunter2@db, orders:GEHEIM1!@db and erp:GEHEIM1@db", "order:[]@db, orders:[]@db and erp:[]@db"),
    ],
)  # fmt: skip
def test_the_password_is_found_and_nothing_else(text: str, left: str) -> None:
    assert without_credentials(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "order:A47110@plant, salesOrder:4500012345A@mm and order_id:SO-4711A@shop.example.com",
        "delivery:80001234A@dc, material:MAT-4711@de07, shipment:SHP_20260327@hub",
        "batch:CH2604A@line3, customer:C-100234@crm, po:PO4711@mm, sku:AB12-CD34@shop, tracking:1Z999AA10123456784@ups",
        "orders/A47110@plant, in/out@plant, 3/5@10:30, path/to/file@v2, actions/checkout@v4, DE/4711@plant",
        "http://broker:5672/a@b, https://example.com/a:b/c@d, ssh://git@github.com:org/repo.git@v1",
        "signature: Hans, https://x/?sig=1 and accountKey=KVSL1, auth login failed, auth plain mechanism",
        "docker run -u 1000:1000 erp, connect in time",
    ],
)
def test_what_only_looks_like_one_is_left_alone(text: str) -> None:
    assert without_credentials(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "password={" + "}}" * 32_000,
        "password={" * 6_000,
        "://a:" + "b@" * 32_000,
        "://" + "a@" * 32_000,
        "a/b@" * 16_000,
        "sqlplus -a " * 6_000 + "@",
        ";pwd=a " * 9_000,
        "auth plain " + "a" * 64_000,
        "order-" * 10_000 + ":A1B2C3@x",
        "-u a:" * 12_000,
    ],
)
def test_a_hostile_connection_string_takes_no_time(text: str) -> None:
    without_credentials(text)  # the run's own limit of time ends what is quadratic
