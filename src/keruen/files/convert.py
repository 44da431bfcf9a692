"""Which format a file or folder is in, and which one to write."""

from __future__ import annotations

from pathlib import Path

from keruen.errors import UsageError, did_you_mean, quote
from keruen.files.folder import ENDINGS, shipped_cases
from keruen.files.gmns import GMNS_OWNED, is_gmns
from keruen.files.pypsa import PYPSA_OWNED
from keruen.files.sheets import OWNED
from keruen.tables import TABLES

__all__ = ["FROM", "OWNS", "TO", "format_of", "format_to"]

FROM = ("case", "geojson", "gmns", "tntp")
TO = ("csv", "parquet", "geojson", "gmns", "pypsa")
OWNS = {"csv": OWNED, "parquet": OWNED, "geojson": (), "gmns": GMNS_OWNED, "pypsa": PYPSA_OWNED}
_WRITTEN_ONLY = {"pypsa": "keruen writes PyPSA and does not read it: it has no rules, projects or sources."}


def format_of(source: Path) -> tuple[str, Path]:
    """The format of what is to be read, and the file or folder that holds it. Raises UsageError where it is none keruen reads."""
    try:
        if source.is_dir():
            return _folder(source)
        if not source.exists():
            if str(source) in shipped_cases():
                return "case", source
            near = did_you_mean(source.name, [p.name for p in source.parent.iterdir()] if source.parent.is_dir() else [])
            near = near or did_you_mean(str(source), shipped_cases())
            raise UsageError(f"there is no file or folder {quote(source, 400)}, and no shipped case of that name; expected a case, a GeoJSON file, a GMNS "
                             f"folder or a TNTP network. {near}".strip())  # fmt: skip
    except (OSError, ValueError) as error:
        raise UsageError(f"{quote(source, 400)} cannot be opened: {error}") from None
    name = source.name.lower().removesuffix(".gz")
    if name.endswith(".tntp"):
        return "tntp", source
    if name.endswith((".geojson", ".json")):
        return "geojson", source
    if source.suffix.lower() in ENDINGS or name == "case.toml":
        raise UsageError(f"{quote(source, 400)} is one file of a case; expected the folder it is in: {quote(source.parent, 400)}.")
    raise UsageError(f"{quote(source, 400)} is a file that ends in {quote(source.suffix)}; expected .tntp, .geojson, or the folder of a case or of GMNS.")


def _folder(folder: Path) -> tuple[str, Path]:
    names = {p.name.lower() for p in folder.iterdir()}
    if is_gmns(folder):
        return "gmns", folder
    if "case.toml" in names:
        return "case", folder
    if "buses.csv" in names:
        raise UsageError(f"{quote(folder, 400)} is a folder of PyPSA; expected a case, GMNS or TNTP. {_WRITTEN_ONLY['pypsa']}")
    nets = sorted(p for p in folder.iterdir() if p.name.lower().removesuffix(".gz").endswith("_net.tntp"))
    if len(nets) == 1:
        return "tntp", nets[0]
    if nets:
        raise UsageError(f"{quote(folder, 400)} holds {len(nets)} networks; expected one. Name the file: {', '.join(quote(p.name) for p in nets[:5])}.")
    if any(f"{t}{e}" in names for t in TABLES for e in ENDINGS):
        return "case", folder
    lacking = [name for name in ("node.csv", "link.csv") if name not in names]
    hint = f" It has one of GMNS's two tables; {lacking[0]} is missing." if len(lacking) == 1 else ""
    raise UsageError(f"{quote(folder, 400)} holds {len(names)} file(s) and none that says what it is; expected case.toml and tables, node.csv and link.csv "
                     f"(GMNS), or X_net.tntp (TNTP).{hint}")  # fmt: skip


def format_to(word: str | None, source: str, target: Path) -> str:
    """The format to write: the one named, else by the ending of the target, else a case folder. Raises UsageError."""
    if word is None:
        if target.suffix.lower() in (".geojson", ".json"):
            return "geojson"
        if source == "case":
            raise UsageError(f"FROM is a case already; expected --to with one of {', '.join(TO)}, or a TO that ends in .geojson.")
        return "csv"
    plain = {"case": "csv", "json": "geojson"}.get(word.lower(), word.lower())
    if plain not in TO:
        hint = "keruen reads TNTP and does not write it: it has one good, no modes and no rules." if plain == "tntp" else did_you_mean(plain, TO)
        raise UsageError(f"--to: found {quote(word)}; expected one of {', '.join(TO)}. {hint}".strip())
    return plain
