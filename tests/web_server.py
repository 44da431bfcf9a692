"""A running ``keruen serve`` for tests, and plain requests to it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

SRC = Path(__file__).resolve().parents[1] / "src"


class Served:
    """Where a server listens, and what it said."""

    def __init__(self, process: subprocess.Popen[str], port: int, said: str) -> None:
        self.process, self.port, self.said = process, port, said
        self.url = f"http://127.0.0.1:{port}"

    def get(self, path: str, *, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (names in small letters) and body."""
        asked = HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            asked.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
            answer = asked.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            asked.close()

    def json(self, path: str, **more: Any) -> Any:
        status, _, body = self.get(path, **more)
        assert status < 300, body
        return json.loads(body)

    def refused(self, path: str, **more: Any) -> tuple[int, str]:
        """Status and words of a refusal."""
        status, _, body = self.get(path, **more)
        told = json.loads(body)["error"]
        assert told["status"] == status >= 400
        return status, told["message"]


@contextmanager
def serving(case: str, *arguments: str) -> Iterator[Served]:
    """A server of this case on a free port, ended with Ctrl-C."""
    process = subprocess.Popen(
        [sys.executable, "-m", "keruen.cli", "serve", case, "--port", "0", *arguments], stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(SRC), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert process.stderr is not None
    said = process.stderr.readline()
    found = re.search(r":(\d+)/", said)
    if not found:
        process.kill()
        raise AssertionError(said + process.stderr.read())
    said += process.stderr.readline()
    try:
        yield Served(process, int(found[1]), said)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        process.stderr.close()
