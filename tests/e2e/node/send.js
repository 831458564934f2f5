// Sends one order's span through one OTLP exporter: node send.js <proto|http|grpc> <endpoint> <order>
const { NodeTracerProvider, SimpleSpanProcessor } = require("@opentelemetry/sdk-trace-node");
const { resourceFromAttributes } = require("@opentelemetry/resources");
const { SpanKind, SpanStatusCode } = require("@opentelemetry/api");

const [transport, url, order] = process.argv.slice(2);
const { OTLPTraceExporter } = require(`@opentelemetry/exporter-trace-otlp-${transport}`);

const exporter = new OTLPTraceExporter({ url });
const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ "service.name": "node-gateway" }),
  spanProcessors: [new SimpleSpanProcessor(exporter)],
});
const tracer = provider.getTracer("andon-e2e");
const span = tracer.startSpan("order.receive", {
  kind: SpanKind.SERVER,
  attributes: { "order.id": order, zero: 0, no: false, empty: "", ratio: 0.25, list: ["a", "b"] },
});
span.addEvent("validated", { rule: "credit" });
span.setStatus({ code: SpanStatusCode.OK });
span.end();
provider.shutdown().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
