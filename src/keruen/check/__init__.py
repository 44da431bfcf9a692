"""Find every problem of a case in one pass.

Each check is one function that takes a :class:`~keruen.check.looked.Looked` and yields findings. A cell that
one finding is about is not looked at by later checks, so that one fault gives one finding. What a row says
that could be read only in part still counts where its cells are good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import MappingProxyType

from keruen.case import Case
from keruen.check.looked import Looked, attribute
from keruen.check.names import NAME_CHECKS, check_provenance
from keruen.check.rows import ROW_CHECKS
from keruen.check.scenarios import check_scenarios
from keruen.check.ways import WAY_CHECKS, check_free_profit, check_paid_circles
from keruen.errors import CaseError, Finding
from keruen.files.folder import Folder, find_case, read_folder
from keruen.files.table import Table
from keruen.tables import TABLES, Rule, key_columns

__all__ = ["CHECKS", "check_case", "check_laid", "load_case"]

CHECKS: tuple[Callable[[Looked], Iterator[Finding]], ...] = (*NAME_CHECKS, *ROW_CHECKS, *WAY_CHECKS, check_provenance, check_scenarios)


def load_case(case: str | Path) -> Case:
    """Read, check and freeze a case. Raises CaseError with all findings if it has a problem."""
    frozen, findings = check_case(case)
    if frozen is None:
        raise CaseError(str(case), [f for f in findings if not f.warning])
    return frozen


def check_case(case: str | Path) -> tuple[Case | None, list[Finding]]:
    """The case, if it has no problem, and everything found, warnings included."""
    folder = read_folder(find_case(case))
    findings = list(folder.findings)
    looked = Looked(folder)
    for check in CHECKS:
        findings.extend(check(looked))
    if any(not f.warning for f in findings):
        return None, findings
    return _freeze(folder), findings


def check_laid(case: Case, rules: Sequence[Rule] = ()) -> list[Finding]:
    """Problems of a case whose cells a scenario has set, with the rules it brings along: held to what a case is held to."""
    tables = {}
    for table, row_type in TABLES.items():
        key = attribute(key_columns(row_type)[0].name)
        rows = [*case.tables[table], *(rules if table == "rules" else ())]
        tables[table] = Table(rows=rows, names={str(getattr(row, key)) for row in rows})
    settings = {"home": case.home, "base_year": case.base_year}
    folder = Folder(case.name, case.path, settings, tables=tables, files={table: f"{table}.csv" for table in TABLES})
    looked = Looked(folder)
    found = [f for check in (*NAME_CHECKS, *ROW_CHECKS, check_free_profit, check_paid_circles) for f in check(looked)]
    # A what-if may give a capacity to what is not built yet, or raise a quantity past what would be bought.
    return [f for f in found if not f.warning and f.code not in ("closed-capacity", "up-to-below")]


def _freeze(folder: Folder) -> Case:
    s = folder.settings
    rows = {table: tuple(read.rows) for table, read in folder.tables.items()}
    return Case(
        folder.name, folder.path, s["title"], s["home"], s["base_year"], s["first_year"], s["last_year"], s["money_year"],
        MappingProxyType(rows), MappingProxyType(dict(folder.scenarios)), s.get("discount_rate"),
    )  # fmt: skip
