"""The HTTP server: OTLP, CloudEvents, webhooks, health and metrics.

HTTP and gRPC are not plug-ins of ``receivers/``: a pull receiver is named by one source and may exist any number of times, while a server
exists once, serves all sources, and is where tokens and TLS are enforced.
"""
