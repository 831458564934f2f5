"""Work on large bodies, done beside the event loop, so that whoever else sends is answered meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

JSON_LARGE_BYTES = 256 << 10
PROTOBUF_LARGE_BYTES = 512 << 10
ENCODED_LARGE_BYTES = 64 << 10
"""Above these a body is looked at in a thread; below, the way there would cost more than the look."""
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


async def beside(large: bool, work: Callable[Parameters, Result], *args: Parameters.args, **named: Parameters.kwargs) -> Result:
    """Return what ``work`` returns for these arguments, in a thread if the input is large. Raises what it raises."""
    return await asyncio.to_thread(work, *args, **named) if large else work(*args, **named)
