"""OTLP: which requests may enter, in protobuf and in JSON, whole or without their bad records.

A request is admitted (``admission.py``) after its parts were counted on its bytes (``part_count.py``); large ones are admitted in pieces
(``pieces.py``). A pre-scan (``prescan.py``) finds requests in which nothing looks suspicious; in the others each record is inspected
(``records.py``).
"""
