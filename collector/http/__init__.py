"""The HTTP server: OTLP, CloudEvents, webhooks, health and metrics.

HTTP and gRPC are not plug-ins of ``receivers/``: a pull receiver is named by one source and may be there any number of times, while a server
is there once, serves all sources, and is where tokens and TLS are enforced.
"""
