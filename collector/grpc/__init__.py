"""The gRPC server for OTLP, which OTLP clients use by default."""
