"""Who may ask what: the first thing every request meets."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode

from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keruen.web.address import LONGEST

__all__ = ["COOKIE", "HEADERS", "Guard", "refusal"]

COOKIE = "keruen-token"
AT_ONCE = 300  # requests under way
# The style of the map stands inside its SVG, and the page builds pictures of it from data: addresses.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
# The report is one file with its script in it, and it opens nothing.
REPORT_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox allow-scripts"
HEADERS = {
    "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "x-frame-options": "DENY", "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin", "permissions-policy": "camera=(), geolocation=(), microphone=()",
}  # fmt: skip


def refusal(status: int, words: str, **headers: str) -> JSONResponse:
    """A refusal in the one shape they all have."""
    return JSONResponse({"error": {"status": status, "message": words}}, status, headers={k.replace("_", "-"): v for k, v in headers.items()})


class Guard:
    """Refuses strangers, other people's pages, long addresses and too much at once; adds the headers of safety.

    hosts: names the server answers to; empty for any. token: word that everybody must know; empty for none.
    """

    def __init__(self, app: ASGIApp, *, hosts: tuple[str, ...] = (), token: str = "") -> None:
        self.app, self._hosts, self._token = app, frozenset(hosts), token
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                policy = REPORT_POLICY if scope["path"] == "/api/report" else POLICY
                extra = {**HEADERS, "content-security-policy": policy, "cache-control": "no-store"}
                message["headers"] = [*message["headers"], *((k.encode(), v.encode()) for k, v in extra.items() if k.encode() not in given)]
            await send(message)

        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refused = self._refused(scope, headers)
        if refused is not None:
            await refused(scope, receive, guarded)
        elif self._under_way >= AT_ONCE:
            await refusal(503, f"{AT_ONCE} requests are under way; ask again in a few seconds", retry_after="3")(scope, receive, guarded)
        else:
            self._under_way += 1
            try:
                await self.app(scope, receive, guarded)
            finally:
                self._under_way -= 1

    def _refused(self, scope: Scope, headers: Mapping[str, str]) -> Response | None:
        query = scope["query_string"].decode("latin-1")
        if len(scope.get("raw_path") or b"") + len(query) > LONGEST + 400:
            return refusal(414, f"the address is longer than {LONGEST:,} characters")
        # A page of another site whose name was turned to this address would say its own name here.
        if self._hosts and _name(headers.get("host", "")) not in self._hosts:
            return refusal(403, "this server answers to " + ", ".join(sorted(self._hosts)) + " only")
        if scope["method"] not in ("GET", "HEAD"):
            if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
                return refusal(403, "another site's page may not change anything here")
            origin = headers.get("origin")
            if origin is not None and origin.partition("://")[2] != headers.get("host"):
                return refusal(403, "another site's page may not change anything here")
        return self._stranger(scope, headers, query) if self._token else None

    def _stranger(self, scope: Scope, headers: Mapping[str, str], query: str) -> Response | None:
        if scope["path"] == "/health":
            return None
        word, _, bearer = headers.get("authorization", "").partition(" ")
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            cookie = None
        if (word.lower() == "bearer" and self._knows(bearer.strip())) or (cookie is not None and self._knows(cookie.value)):
            return None
        words = parse_qsl(query, keep_blank_values=True)
        if scope["path"] == "/" and any(k == "token" and self._knows(v) for k, v in words):
            rest = urlencode([(k, v) for k, v in words if k != "token"])
            answer = RedirectResponse("/" + (f"?{rest}" if rest else ""), 303)
            answer.set_cookie(COOKIE, self._token, httponly=True, samesite="strict")
            return answer
        return refusal(401, "this server needs its token: open /?token=... once, or send it as 'Authorization: Bearer ...'", www_authenticate="Bearer")

    def _knows(self, word: str) -> bool:
        return hmac.compare_digest(word.encode(), self._token.encode())


def _name(host: str) -> str:
    """The name in a Host header, without its port."""
    if host.startswith("["):
        return host.partition("]")[0].removeprefix("[")
    return host.rpartition(":")[0] if ":" in host else host
