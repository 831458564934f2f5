// An order over RabbitMQ by Node.js under its messaging instrumentation: node relay.js <broker> <queue> <OTLP over HTTP> <order>
const { NodeTracerProvider, SimpleSpanProcessor } = require("@opentelemetry/sdk-trace-node");
const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-proto");
const { registerInstrumentations } = require("@opentelemetry/instrumentation");
const { AmqplibInstrumentation } = require("@opentelemetry/instrumentation-amqplib");
const { resourceFromAttributes } = require("@opentelemetry/resources");
const { trace } = require("@opentelemetry/api");

const [broker, queue, url, order] = process.argv.slice(2);
const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ "service.name": "order-relay" }),
  spanProcessors: [new SimpleSpanProcessor(new OTLPTraceExporter({ url }))],
});
provider.register();
// The order's number is what the application must say itself; all the rest of a span is the instrumentation's.
registerInstrumentations({
  instrumentations: [
    new AmqplibInstrumentation({
      publishHook: (span, { options }) => span.setAttribute("order.id", options.headers.order),
      consumeHook: (span, { msg }) => span.setAttribute("order.id", msg.properties.headers.order),
    }),
  ],
});
const amqplib = require("amqplib");

async function relay() {
  const connection = await amqplib.connect(broker);
  const channel = await connection.createChannel();
  await channel.assertQueue(queue);
  await trace.getTracer("relay").startActiveSpan("order.accept", { attributes: { "order.id": order } }, (span) => {
    channel.sendToQueue(queue, Buffer.from("{}"), { headers: { order } });
    span.end();
  });
  await new Promise((done) => channel.consume(queue, (message) => { channel.ack(message); done(); }));
  await channel.close();
  await connection.close();
  await provider.shutdown();
}
relay().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
