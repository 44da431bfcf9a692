"""keruen read: figures of an article, proposed as claims."""

from __future__ import annotations

import argparse
import sys
from datetime import date

from keruen.commands.common import DONE, as_csv, as_json, write
from keruen.errors import UsageError

__all__ = ["read"]


def _day(text: str | None) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--date takes a day such as 2024-11-28; got '{text}'") from None


def read(args: argparse.Namespace) -> int:
    """keruen read"""
    today = _day(args.date)
    from keruen.api import load
    from keruen.reading.html import article_of_html, date_of_html
    from keruen.reading.propose import Proposal, propose
    from keruen.reading.text import language_of, read_source
    from keruen.show.reading import plain, reading_table

    source = read_source(args.file)
    text, notes = source.text, list(source.notes)
    if source.html:
        text, said = article_of_html(source.text, args.language or language_of(_visible(source.text))[0])
        notes += said
        today = today or date_of_html(source.text)
    if args.text:
        args.text.write_text(text, encoding="utf-8", newline="")
        print(f"text written to {args.text}", file=sys.stderr)
    elif source.html:
        notes.append("start and end count in the text taken from the page; --text FILE writes it")
    document = args.document or args.file.stem
    reading = propose(text, load(args.case), document, language=args.language or "", today=today)
    for note in (*notes, *reading.notes):
        print(f"keruen: {args.file.name}: {note}", file=sys.stderr)
    columns = Proposal.columns()
    rows = [[plain(getattr(p, c)) for c in columns] for p in reading.proposals]
    if args.format == "csv":
        write(args, as_csv(rows, columns))
    elif args.format == "json":
        from keruen import __version__

        proposals = [{c: list(v) if isinstance(v := getattr(p, c), tuple) else None if v is None else plain(v) for c in columns} for p in reading.proposals]
        left_out = [{"line": s.line.number, "reason": s.reason, "text": s.line.text} for s in reading.stripped]
        write(args, as_json({"keruen": __version__, "file": args.file.name, "document": document, "language": reading.language, "encoding": source.encoding,
                             "date": reading.today.isoformat() if reading.today else None, "notes": [*notes, *reading.notes], "proposals": proposals,
                             "stripped": left_out}))  # fmt: skip
    else:
        write(args, reading_table(reading, document, args.stripped))
    if args.stripped and args.format == "csv":
        for s in reading.stripped:
            print(f"left out: line {s.line.number}: {s.reason}", file=sys.stderr)
    if args.output:
        print(f"written to {args.output}", file=sys.stderr)
    return DONE


def _visible(page: str) -> str:
    """Roughly what a page shows, to tell its language."""
    import html
    import re

    return html.unescape(re.sub(r"<script.*?</script>|<style.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL | re.IGNORECASE))
