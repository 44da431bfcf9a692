"""Section 10: the what-if page, measured where a person sits, in headless Chromium; and the server under 50 clients. Loopback only."""

from __future__ import annotations

import atexit
import os
import random
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from harness import Missing, Work

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
EACH = 8  # levers pulled in one run


def served() -> tuple[subprocess.Popen[str], int]:
    """``keruen serve kazakhstan`` on a free port; it ends with this process."""
    process = subprocess.Popen([sys.executable, "-m", "keruen.cli", "serve", "kazakhstan", "--port", "0"], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    line = process.stderr.readline()
    found = re.search(r":(\d+)/", line)
    if found is None:
        raise Missing(f"keruen serve did not start: {line}")
    atexit.register(lambda: (process.send_signal(signal.SIGINT), process.wait(20)))
    return process, int(found[1])


def _percentile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def _warm(port: int) -> None:
    """Wait until every worker has answered something."""
    line = HTTPConnection("127.0.0.1", port, timeout=60)
    for width in range(400, 440, 10):
        line.request("GET", f"/api/answer?w={width}")
        line.getresponse().read()


def _page(port: int) -> Any:
    if BROWSER is None:
        raise Missing("no Chromium on this machine")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise Missing("playwright is not installed") from None
    # A browser asks for far more addresses than memory: the limit of benchmarks/worker.py is not for it.
    resource.setrlimit(resource.RLIMIT_AS, (resource.getrlimit(resource.RLIMIT_AS)[1],) * 2)
    driver = sync_playwright().start()
    browser = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"])
    atexit.register(lambda: (browser.close(), driver.stop()))
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.goto(f"http://127.0.0.1:{port}/")
    _ready(page, "year=2023")
    return page


def _ready(page: Any, query: str) -> None:
    page.wait_for_function("q => document.documentElement.dataset.state === 'ready' && document.documentElement.dataset.query === q", arg=query)


def _loaded(page: Any) -> list[str]:
    found: list[str] = page.evaluate("() => [...document.querySelectorAll('#map-a g[data-link]')].filter(g => g.dataset.flow > 0).map(g => g.dataset.link)")
    return found


def redraw(lever: str) -> Work:
    """From a lever to the frame with the new map and figures.

    lever: ``close``, the button of a link that was opened 0.4 s before, so that the page has asked ahead; ``capacity``, another
    figure in its field, which nobody can have asked before; ``undo``, whose answer is in the server's store.
    """
    process, port = served()
    page = _page(port)
    import keruen

    limited = {name for name, link in keruen.load("kazakhstan").links.items() if link.capacity is not None}
    links = random.Random(1).sample([link for link in _loaded(page) if link in limited], 60)
    times: list[float] = []

    def told() -> float:
        return float(page.evaluate("() => document.documentElement.dataset.redraw"))

    def one(link: str) -> None:
        page.fill("#find", link)
        page.press("#find", "Enter")
        page.wait_for_function("l => document.querySelector('#about .soft')?.textContent.includes(l)", arg=link)
        page.wait_for_timeout(400)
        if lever == "capacity":
            page.fill("#widen", "37")
            page.press("#widen", "Tab")
            _ready(page, f"year=2023&scale=link={link},capacity=0.37")
        else:
            page.click("#close-it")
            _ready(page, f"year=2023&close=link={link}")
        if lever != "undo":
            times.append(told())
        page.click("#undo")
        _ready(page, "year=2023")
        if lever == "undo":
            times.append(told())

    def run() -> dict[str, Any]:
        for _ in range(EACH):
            one(links.pop())
        return {"levers": len(times), "middle_ms": statistics.median(times), "p95_ms": _percentile(times, 0.95), "most_ms": max(times)}

    return Work(run, peak=lambda: tree_mb(process.pid))


def first_view() -> Work:
    """From the address to the first map and figures, in a new page of a browser that is open."""
    process, port = served()
    page = _page(port)

    def run() -> dict[str, Any]:
        fresh = page.context.browser.new_page(viewport={"width": 1366, "height": 768})
        fresh.goto(f"http://127.0.0.1:{port}/")
        _ready(fresh, "year=2023")
        fresh.close()
        return {}

    return Work(run, peak=lambda: tree_mb(process.pid))


def tree_mb(pid: int) -> float:
    """Resident memory of a process and all under it, MiB: pages that they share count for each."""
    total, wanted = 0.0, [pid]
    while wanted:
        at = wanted.pop()
        try:
            status = Path(f"/proc/{at}/status").read_text(encoding="ascii", errors="replace")
            wanted += [int(c) for t in Path(f"/proc/{at}/task").iterdir() for c in (t / "children").read_text().split()]
        except OSError:
            continue
        found = re.search(r"VmRSS:\s+(\d+)", status)
        total += int(found[1]) / 1024 if found else 0.0
    return total


def load(clients: int, seconds: float, think: float, unseen: float) -> Work:
    """So many clients, each of which pulls a lever, waits for the answer and looks at it for ``think`` seconds on average.

    unseen: part of the levers that nobody has pulled before. The rest is one of 40 scenarios that all of them like.
    """
    process, port = served()
    import keruen

    links = sorted(keruen.load("kazakhstan").links)
    _warm(port)
    popular = [f"close=link={link}" for link in random.Random(3).sample(links, 40)]

    def run() -> dict[str, Any]:
        times: list[float] = []
        wrong: list[str] = []
        memory: list[float] = []
        until = time.monotonic() + seconds
        lock = threading.Lock()

        def client(number: int) -> None:
            rnd = random.Random(number)
            time.sleep(rnd.random() * think)
            line = HTTPConnection("127.0.0.1", port, timeout=60)
            while time.monotonic() < until:
                query = popular[rnd.randrange(len(popular))]
                if rnd.random() < unseen:
                    query = f"close=link={rnd.choice(links)}&scale=country=KZ,cost={0.8 + rnd.random():.6f}"
                began = time.monotonic()
                try:
                    line.request("GET", f"/api/answer?{query}&w=700&h=550")
                    answer = line.getresponse()
                    body = answer.read()
                    with lock:
                        times.append(time.monotonic() - began)
                        if answer.status != 200:
                            wrong.append(f"{answer.status}: {body[:120]!r}")
                except OSError as error:
                    wrong.append(str(error))
                    line = HTTPConnection("127.0.0.1", port, timeout=60)
                time.sleep(rnd.expovariate(1 / think))

        threads = [threading.Thread(target=client, args=(i,)) for i in range(clients)]
        for thread in threads:
            thread.start()
        while any(t.is_alive() for t in threads):
            memory.append(tree_mb(process.pid))
            time.sleep(1.0)
        half = len(memory) // 2
        return {"levers": len(times), "errors": len(wrong), "wrong": wrong[:3], "middle_ms": 1000 * statistics.median(times),
                "p95_ms": 1000 * _percentile(times, 0.95), "most_ms": 1000 * max(times), "memory_half_mb": max(memory[:half] or [0.0])}  # fmt: skip

    os.environ.setdefault("OMP_NUM_THREADS", "1")
    return Work(run, peak=lambda: tree_mb(process.pid), warm_up=False)
