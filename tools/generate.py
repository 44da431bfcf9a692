"""Write the files that are derived from the schema: docs/case-format.md, docs/schemas/tables, the data package.

::

    python tools/generate.py            write them
    python tools/generate.py --check    exit with 1 if a committed file differs

The introduction of docs/case-format.md is tools/case_format_intro.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keruen.files.schema import case_format_markdown, data_package, table_json_schema
from keruen.tables import TABLES

ROOT = Path(__file__).resolve().parents[1]
CASE = ROOT / "src" / "keruen" / "cases" / "kazakhstan"


def generated() -> dict[Path, str]:
    """Every derived file and what it should hold."""
    intro = (ROOT / "tools" / "case_format_intro.md").read_text(encoding="utf-8")
    files = {ROOT / "docs" / "case-format.md": intro.rstrip() + "\n\n" + case_format_markdown()}
    for table in TABLES:
        files[ROOT / "docs" / "schemas" / "tables" / f"{table}.json"] = _json(table_json_schema(table))
    title = tomllib.loads((CASE / "case.toml").read_text(encoding="utf-8"))["title"]
    present = [t for t in TABLES if (CASE / f"{t}.csv").is_file()]
    files[CASE / "datapackage.json"] = _json(data_package(CASE.name, title, present))
    return files


def stale() -> list[Path]:
    """Derived files that are missing, differ, or are not derived from anything any more."""
    files = generated()
    differ = [path for path, text in files.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    return differ + [path for path in sorted((ROOT / "docs" / "schemas" / "tables").glob("*.json")) if path not in files]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write the files that are derived from the schema.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file differs")
    if parser.parse_args(arguments).check:
        for path in stale():
            print(f"{path.relative_to(ROOT)} is not what the schema says; run: python tools/generate.py", file=sys.stderr)
        return 1 if stale() else 0
    for path in stale():
        if path in (files := generated()):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
        else:
            path.unlink()
        print(path.relative_to(ROOT))
    return 0


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
