"""Find every problem of a case in one pass.

Each check is one function that takes a :class:`~keruen.check.looked.Looked` and yields findings. A cell that
one finding is about is not looked at by later checks, so that one fault gives one finding. What a row says
that could be read only in part still counts where its cells are good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType

from keruen.case import Case
from keruen.check.looked import Looked
from keruen.check.names import NAME_CHECKS, check_provenance
from keruen.check.rows import ROW_CHECKS
from keruen.check.scenarios import check_scenarios
from keruen.check.ways import WAY_CHECKS
from keruen.errors import CaseError, Finding
from keruen.files.folder import Folder, find_case, read_folder

__all__ = ["CHECKS", "check_case", "load_case"]

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


def _freeze(folder: Folder) -> Case:
    s = folder.settings
    rows = {table: tuple(read.rows) for table, read in folder.tables.items()}
    return Case(
        folder.name, folder.path, s["title"], s["home"], s["base_year"], s["first_year"], s["last_year"], s["money_year"],
        MappingProxyType(rows), MappingProxyType(dict(folder.scenarios)),
    )  # fmt: skip
