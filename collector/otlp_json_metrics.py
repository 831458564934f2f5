"""The OTLP metric messages as typed JSON structs (see ``otlp_json_types.py``). Source: opentelemetry-proto 1.x, metrics.proto."""

from __future__ import annotations

from collector.otlp_json_types import KeyValue, Number, ProtobufStruct, Real, fields


class Exemplar(ProtobufStruct):
    """A sample behind a point."""

    filtered_attributes: list[KeyValue] | None = None
    time_unix_nano: Number | None = 0
    as_double: Real | None = None
    as_int: Number | None = None
    span_id: str | None = ""
    trace_id: str | None = ""
    fields_ = fields(
        time_unix_nano="2 fixed64",
        as_double="3 double optional",
        span_id="4 hex",
        trace_id="5 hex",
        as_int="6 sfixed64 optional",
        filtered_attributes="7 message many",
    )


class NumberDataPoint(ProtobufStruct):
    """A point of a gauge or a sum."""

    attributes: list[KeyValue] | None = None
    start_time_unix_nano: Number | None = 0
    time_unix_nano: Number | None = 0
    as_double: Real | None = None
    as_int: Number | None = None
    exemplars: list[Exemplar] | None = None
    flags: Number | None = 0
    fields_ = fields(
        start_time_unix_nano="2 fixed64",
        time_unix_nano="3 fixed64",
        as_double="4 double optional",
        exemplars="5 message many",
        as_int="6 sfixed64 optional",
        attributes="7 message many",
        flags="8 uint32",
    )


class HistogramDataPoint(ProtobufStruct):
    """A point of a histogram with explicit bounds."""

    attributes: list[KeyValue] | None = None
    start_time_unix_nano: Number | None = 0
    time_unix_nano: Number | None = 0
    count: Number | None = 0
    sum: Real | None = None
    bucket_counts: list[Number] | None = None
    explicit_bounds: list[Real] | None = None
    exemplars: list[Exemplar] | None = None
    flags: Number | None = 0
    min: Real | None = None
    max: Real | None = None
    fields_ = fields(
        start_time_unix_nano="2 fixed64",
        time_unix_nano="3 fixed64",
        count="4 fixed64",
        sum="5 double optional",
        bucket_counts="6 fixed64 packed",
        explicit_bounds="7 double packed",
        exemplars="8 message many",
        attributes="9 message many",
        flags="10 uint32",
        min="11 double optional",
        max="12 double optional",
    )


class Buckets(ProtobufStruct):
    """One side of an exponential histogram."""

    offset: Number | None = 0
    bucket_counts: list[Number] | None = None
    fields_ = fields(offset="1 sint32", bucket_counts="2 uint64 packed")


class ExponentialHistogramDataPoint(ProtobufStruct):
    """A point of an exponential histogram."""

    attributes: list[KeyValue] | None = None
    start_time_unix_nano: Number | None = 0
    time_unix_nano: Number | None = 0
    count: Number | None = 0
    sum: Real | None = None
    scale: Number | None = 0
    zero_count: Number | None = 0
    positive: Buckets | None = None
    negative: Buckets | None = None
    flags: Number | None = 0
    exemplars: list[Exemplar] | None = None
    min: Real | None = None
    max: Real | None = None
    zero_threshold: Real | None = 0.0
    fields_ = fields(
        attributes="1 message many",
        start_time_unix_nano="2 fixed64",
        time_unix_nano="3 fixed64",
        count="4 fixed64",
        sum="5 double optional",
        scale="6 sint32",
        zero_count="7 fixed64",
        positive="8 message optional",
        negative="9 message optional",
        flags="10 uint32",
        exemplars="11 message many",
        min="12 double optional",
        max="13 double optional",
        zero_threshold="14 double",
    )


class ValueAtQuantile(ProtobufStruct):
    """One quantile of a summary."""

    quantile: Real | None = 0.0
    value: Real | None = 0.0
    fields_ = fields(quantile="1 double", value="2 double")


class SummaryDataPoint(ProtobufStruct):
    """A point of a summary."""

    attributes: list[KeyValue] | None = None
    start_time_unix_nano: Number | None = 0
    time_unix_nano: Number | None = 0
    count: Number | None = 0
    sum: Real | None = 0.0
    quantile_values: list[ValueAtQuantile] | None = None
    flags: Number | None = 0
    fields_ = fields(
        start_time_unix_nano="2 fixed64",
        time_unix_nano="3 fixed64",
        count="4 fixed64",
        sum="5 double",
        quantile_values="6 message many",
        attributes="7 message many",
        flags="8 uint32",
    )


class Gauge(ProtobufStruct):
    """Values at moments."""

    data_points: list[NumberDataPoint] | None = None
    fields_ = fields(data_points="1 message many")


class Sum(ProtobufStruct):
    """Values that add up."""

    data_points: list[NumberDataPoint] | None = None
    aggregation_temporality: int | None = 0
    is_monotonic: bool | None = False
    fields_ = fields(data_points="1 message many", aggregation_temporality="2 enum", is_monotonic="3 boolean")


class Histogram(ProtobufStruct):
    """Counts between explicit bounds."""

    data_points: list[HistogramDataPoint] | None = None
    aggregation_temporality: int | None = 0
    fields_ = fields(data_points="1 message many", aggregation_temporality="2 enum")


class ExponentialHistogram(ProtobufStruct):
    """Counts between bounds that grow by a factor."""

    data_points: list[ExponentialHistogramDataPoint] | None = None
    aggregation_temporality: int | None = 0
    fields_ = fields(data_points="1 message many", aggregation_temporality="2 enum")


class Summary(ProtobufStruct):
    """Quantiles made by the sender."""

    data_points: list[SummaryDataPoint] | None = None
    fields_ = fields(data_points="1 message many")


class Metric(ProtobufStruct):
    """One metric with its points."""

    name: str | None = ""
    description: str | None = ""
    unit: str | None = ""
    gauge: Gauge | None = None
    sum: Sum | None = None
    histogram: Histogram | None = None
    exponential_histogram: ExponentialHistogram | None = None
    summary: Summary | None = None
    metadata: list[KeyValue] | None = None
    fields_ = fields(
        name="1 text",
        description="2 text",
        unit="3 text",
        gauge="5 message optional",
        sum="7 message optional",
        histogram="9 message optional",
        exponential_histogram="10 message optional",
        summary="11 message optional",
        metadata="12 message many",
    )
