"""Take docs/page.png: the what-if page as it is, with Russia closed, in headless Chromium.

::

    python tools/screenshot.py [FILE.png]

Needs playwright and Chromium, which ``pip install -e ".[dev]"`` and ``.ci/run`` bring. Nothing but loopback is used.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "docs" / "page.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main(arguments: list[str]) -> int:
    """Entry point: 0 done, 2 there is no browser."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print("screenshot.py: no Chromium on this machine; install the package chromium", file=sys.stderr)
        return 2
    file = Path(arguments[0]) if arguments else FILE
    server = subprocess.Popen([sys.executable, "-m", "keruen.cli", "serve", "kazakhstan", "--port", "0"], stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        found = re.search(r"http://\S+", server.stderr.readline())
        if found is None:
            print(server.stderr.read(), file=sys.stderr)
            return 2
        take(browser, found[0], file)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(20)
    print(file)
    return 0


def take(browser: str, url: str, file: Path) -> None:
    """The page, once all that comes later has come."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        page = driver.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"]).new_page(viewport={"width": 1366, "height": 768})
        page.set_default_timeout(60_000)
        page.goto(url + "?close=country=RU")
        page.wait_for_selector("html[data-state=ready]")
        page.wait_for_selector("#answers ol.rows li")
        page.wait_for_selector(".shares tbody tr")
        page.screenshot(path=file)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
