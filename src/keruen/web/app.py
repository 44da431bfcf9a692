"""The server's addresses. It holds no state about who asks: each request names its scenario."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from keruen.api import Case
from keruen.errors import KeruenError, UsageError, quote
from keruen.show.map import STYLE
from keruen.web.address import Ask, ask_of_toml, read_ask
from keruen.web.desk import Busy, Desk, Late
from keruen.web.guard import Guard, refusal
from keruen.web.jobs import Jobs

__all__ = ["LARGEST", "make_app"]

LARGEST = 200_000  # bytes of a scenario file
PATIENCE = 10.0  # seconds to send it
STATIC = {"page.css": "text/css", "favicon.svg": "image/svg+xml", **dict.fromkeys(
    ("main.js", "state.js", "mapview.js", "levers.js", "panel.js", "about.js", "take.js", "long.js", "dom.js"), "text/javascript")}  # fmt: skip
# What an address may say besides the scenario, by question.
EXTRA = {
    "answer": ("w", "h"), "ground": ("w", "h"), "shares": (), "claims": (), "toml": (), "map": (), "report": (), "worst": ("by",),
    "table": ("table", "format"), "about": ("what", "name"),
}  # fmt: skip
NAMES = {"map": "map.svg", "report": "report.html", "toml": "scenario.toml"}
SHOWN_IN_PAGE = ("answer", "ground", "shares", "claims", "worst", "about")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def make_app(case: Case, name: str, *, workers: int = 2, hosts: tuple[str, ...] = (), token: str = "") -> Starlette:
    """The application. ``name`` is the case as the command line is given it; hosts and token: see :class:`keruen.web.guard.Guard`."""
    desk, jobs = Desk(case, workers=workers), Jobs(case, name)
    files = {file: _file(file) for file in ("page.html", *STATIC)}

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        warming = asyncio.create_task(desk.warm(Ask(case.base_year).query()))
        yield
        warming.cancel()
        await jobs.close()
        desk.close()

    async def page(request: Request) -> Response:
        return Response(files["page.html"], media_type="text/html; charset=utf-8")

    async def style(request: Request) -> Response:
        return Response(STYLE, media_type="text/css")

    async def static(request: Request) -> Response:
        file = request.path_params["file"]
        if file not in STATIC:  # a list of names, so that no path of an address is ever opened
            raise HTTPException(404)
        return Response(files[file], media_type=STATIC[file])

    async def health(request: Request) -> Response:
        return _json({"case": case.name, **desk.counts})

    async def about_case(request: Request) -> Response:
        return _packed(request, *await desk.packed("case", ""), {})

    def question(word: str) -> Handler:
        async def answer(request: Request) -> Response:
            given = request.query_params.multi_items()
            extra = {k: v for k, v in given if k in EXTRA[word]}
            asked = read_ask([(k, v) for k, v in given if k not in EXTRA[word]], case)
            found = await _unless_gone(request, desk.packed(word, asked.query(), extra))
            if found is None:
                return Response(status_code=499)
            body, kind = found
            headers = {} if word in SHOWN_IN_PAGE else {"content-disposition": f'attachment; filename="{_saved(word, case, asked, extra)}"'}
            return _packed(request, body, kind, headers)

        return answer

    async def load(request: Request) -> Response:
        asked = ask_of_toml(await _body(request, "application/toml"), case)
        return _json({"query": asked.query()})

    async def start(request: Request) -> Response:
        wanted = _object(await _body(request, "application/json"))
        job = jobs.start(read_ask(str(wanted.get("query", "")), case), wanted)
        return _json(job.told(), 202)

    async def job(request: Request) -> Response:
        found = jobs.find(request.path_params["job"])
        if found is None:
            return refusal(404, "there is no such long question; it may have been forgotten since")
        if request.method == "DELETE":
            jobs.stop(found)
        return _json(found.told())

    return Starlette(
        routes=[
            Route("/", page), Route("/health", health), Route("/static/map.css", style), Route("/static/{file}", static), Route("/api/case", about_case),
            *(Route(f"/api/{word}", question(word)) for word in EXTRA),
            Route("/api/scenario", load, methods=["POST"]), Route("/api/jobs", start, methods=["POST"]),
            Route("/api/jobs/{job}", job, methods=["GET", "DELETE"]),
        ],
        middleware=[Middleware(Guard, hosts=hosts, token=token)],
        exception_handlers={KeruenError: _told, HTTPException: _http, Exception: _broken},
        lifespan=lifespan,
    )  # fmt: skip


def _file(name: str) -> bytes:
    return resources.files("keruen.web").joinpath("static", name).read_bytes()


def _packed(request: Request, body: bytes, kind: str, headers: dict[str, str]) -> Response:
    """What is packed with gzip, unpacked for those who cannot do it."""
    headers |= {"vary": "accept-encoding"}
    accepted = request.headers.get("accept-encoding", "").replace(" ", "")
    if "gzip" in accepted and "gzip;q=0" not in accepted:
        return Response(body, media_type=kind, headers={**headers, "content-encoding": "gzip"})
    return Response(gzip.decompress(body), media_type=kind, headers=headers)


def _json(data: Any, status: int = 200) -> Response:
    return Response(json.dumps(data, ensure_ascii=False), status, media_type="application/json")


def _saved(word: str, case: Case, asked: Ask, extra: Mapping[str, str]) -> str:
    """Name of a downloaded file, of plain letters."""
    stem = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in case.name)
    if word == "table":
        table, form = extra.get("table", "links"), extra.get("format", "csv")
        return f"{stem}-{asked.year}-{table}.{form}" if table.isalnum() and form.isalnum() else "table"
    return f"{stem}-{asked.year}-{NAMES[word]}"


async def _unless_gone(request: Request, answer: Coroutine[Any, Any, tuple[bytes, str]]) -> tuple[bytes, str] | None:
    """The answer, or None where the one who asked has gone away: then it is not solved any more."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    working, leaving = asyncio.ensure_future(answer), asyncio.ensure_future(gone())
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        leaving.cancel()
        working.cancel()


async def _told(request: Request, error: Exception) -> Response:
    if isinstance(error, Busy):
        return refusal(503, str(error), retry_after="3")
    if isinstance(error, Late):
        return refusal(504, str(error))
    known = type(error) is not KeruenError
    return refusal(400 if known else 500, str(error))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = {404: f"there is nothing at {quote(request.url.path)}; the page is at /", 405: f"{request.method} is not answered at {quote(request.url.path)}"}
    return refusal(error.status_code, words.get(error.status_code, error.detail), **{k.replace("-", "_"): v for k, v in (error.headers or {}).items()})


async def _broken(request: Request, error: Exception) -> Response:
    # Starlette raises it again after this answer, so the terminal shows where it happened.
    return refusal(500, f"this should not happen ({type(error).__name__}); the terminal of the server says more. Please report it with the address")


async def _body(request: Request, kind: str) -> str:
    """The text that was sent. Raises HTTPException for the wrong type, too much of it, or too slow a sender."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != kind:
        raise HTTPException(415, f"send it as {kind}")
    too_much = HTTPException(413, f"at most {LARGEST:,} bytes can be read; a scenario is a few lines")
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > LARGEST:
        raise too_much
    received = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for chunk in request.stream():
                received += chunk
                if len(received) > LARGEST:
                    raise too_much
    except TimeoutError:
        raise HTTPException(408, f"it was not sent within {PATIENCE:.0f} seconds") from None
    except ClientDisconnect:
        raise HTTPException(400, "the sender went away") from None
    try:
        return received.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"the text is not UTF-8: {error.reason} at byte {error.start}") from None


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the body is not JSON: {str(error)[:100]}") from None
    if not isinstance(found, dict):
        raise UsageError('the body is a JSON object, such as {"question": "pairs", "by": "link", "query": "year=2023"}')
    return found
