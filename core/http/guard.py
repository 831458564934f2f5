"""What the endpoints of a password-protected port share: counting wrong passwords and logging them."""

from __future__ import annotations

import hmac

from starlette.requests import Request
from starlette.responses import JSONResponse

from core.limits import FailedAttempts
from core.rejection_log import RejectionLog


class Guard:
    """Counts wrong passwords by the address they came from, and logs rejections. A correct password is always accepted."""

    def __init__(self, failures: FailedAttempts, rejections: RejectionLog) -> None:
        self._failures = failures
        self._rejections = rejections

    def wrong(self, request: Request) -> int:
        """Count a wrong or missing password; return the seconds until its sender may try again, 0 if it may now."""
        wait = self._failures.note(_peer(request))
        self._rejections.rejected("auth_rate_limited" if wait else "unauthenticated", peer=_peer(request))
        return wait

    def refuse(self, request: Request) -> JSONResponse:
        """Count a wrong or missing token, and return the answer to it."""
        if wait := self.wrong(request):
            words = f"authorization: too many wrong tokens from this address; wait {wait} s"
            return JSONResponse({"error": words}, 503, {"retry-after": str(wait)})
        return JSONResponse({"error": "authorization: send this engine's token as 'Bearer …'"}, 401, {"www-authenticate": "Bearer"})

    def slow(self, request: Request) -> None:
        """Log a body that did not arrive in time."""
        self._rejections.rejected("slow_client", peer=_peer(request))


def bearer_is(request: Request, token: str) -> bool:
    """Return whether a request carries ``token`` as ``Authorization: Bearer …`` (RFC 6750, 2.1)."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""
