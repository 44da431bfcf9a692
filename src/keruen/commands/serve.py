"""The command serve: the what-if page."""

from __future__ import annotations

import argparse
import os
import socket
import sys

from keruen.commands.common import DONE
from keruen.errors import UsageError

__all__ = ["serve"]

HERE = ("127.0.0.1", "localhost", "::1")
SHORTEST = 12  # letters of a token


def serve(args: argparse.Namespace) -> int:
    """keruen serve"""
    token = args.token or os.environ.get("KERUEN_TOKEN", "")
    _refuse(args, token)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import uvicorn

    from keruen.api import load
    from keruen.web.app import make_app

    case = load(args.case)
    here = args.host in HERE
    found = _socket(args.host, args.port)
    port = found.getsockname()[1]
    app = make_app(case, args.case, workers=args.workers, hosts=HERE if here else (), token=token)
    name = f"[{args.host}]" if ":" in args.host else args.host
    print(f"{case.title}: http://{name}:{port}/" + ("?token=..." if token else ""), file=sys.stderr)
    who = "Only this machine can reach it." if here else f"Others reach it at port {port} of this machine; they need the token. Nothing is encrypted."
    print(f"{who} Ctrl-C stops it.", file=sys.stderr, flush=True)
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, ws="none", http="h11", h11_max_incomplete_event_size=40_000,
                            timeout_keep_alive=75, timeout_graceful_shutdown=3, limit_concurrency=600)  # fmt: skip
    server = uvicorn.Server(config)
    try:
        server.run(sockets=[found])
    except KeyboardInterrupt:
        pass
    finally:
        found.close()
    return DONE


def _refuse(args: argparse.Namespace, token: str) -> None:
    if not 0 <= args.port <= 65535:
        raise UsageError(f"--port is from 0 (any that is free) to 65535; got {args.port}")
    if not 1 <= args.workers <= 64:
        raise UsageError(f"--workers is the number of processes that solve, from 1 to 64; got {args.workers}")
    if args.host not in HERE and not token:
        raise UsageError(f"--host {args.host} lets other machines in, so it needs --token WORD (or KERUEN_TOKEN in the environment) that they must know")
    if token and (len(token) < SHORTEST or not token.isascii() or not all(c.isalnum() or c in "-_." for c in token)):
        raise UsageError(f"a token has at least {SHORTEST} letters or digits (- _ . too). One made well: "
                         "python -c 'import secrets; print(secrets.token_urlsafe())'")  # fmt: skip


def _socket(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        made = socket.socket(family, kind, protocol)
    except OSError as error:
        raise UsageError(f"--host '{host}' is no address of this machine: {error.strerror}") from None
    try:
        if os.name == "posix":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(128)  # from here on a browser may already knock
    except OSError as error:
        made.close()
        raise UsageError(f"cannot listen at {host}, port {port}: {error.strerror}. Choose another with --port, or 0 for any that is free") from None
    return made
