"""The gRPC server: OTLP, as its clients send it by default."""
