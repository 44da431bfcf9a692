"""The examples of the docs run: Python by doctest, shell lines that start with ``keruen`` through the command line.

A TOML block whose first line is a comment with a file name is written to the working directory first.
"""

from __future__ import annotations

import doctest
import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from keruen.cli import main

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)


def blocks(page: Path, *languages: str) -> Iterator[tuple[int, str]]:
    """(line, text) of every fenced block in one of these languages."""
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        if found[1] in languages:
            yield text[: found.start(2)].count("\n"), found[2]


def commands(page: Path) -> list[str]:
    """Every ``keruen`` line of the shell blocks, continued lines joined, what follows a pipe, ``>`` or ``#`` left out."""
    lines = [line for _, text in blocks(page, "shell", "") for line in text.replace("\\\n", " ").splitlines()]
    plain = [re.sub(r"^\$ ", "", line.strip()) for line in lines]
    return [re.split(r"\s[|>#]", line)[0].rstrip() for line in plain if line.startswith("keruen ")]


COMMANDS = list({line: (page, line) for page in PAGES for line in commands(page)}.values())


@pytest.fixture(autouse=True)
def files_of_the_page(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory with the files that the page shows, and the shipments of docs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    for name in ("shipments.csv", "given-2024.toml"):
        shutil.copy(ROOT / "docs" / name, tmp_path / "docs")
    (tmp_path / "article.txt").write_text("In 2022 trade reached a record of more than 31 billion dollars, twice that of 2018.", encoding="utf-8")
    for _, text in blocks(request.getfixturevalue("page"), "toml"):
        name = re.match(r"# ([\w-]+\.toml)\n", text)
        if name:
            Path(name[1]).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_python_blocks(page: Path) -> None:
    names: dict[str, object] = {"__name__": "__main__"}
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    said: list[str] = []
    for line, text in blocks(page, "python", "pycon"):
        if ">>>" in text:
            test = doctest.DocTestParser().get_doctest(text, names, page.name, str(page), line)
            runner.run(test, out=said.append, clear_globs=False)
            names = test.globs
        else:
            exec(compile("\n" * line + text, str(page), "exec"), names)
    assert not runner.failures, "".join(said)


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=[f"{p.stem}: {line}" for p, line in COMMANDS])
def test_commands(page: Path, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(shlex.split(line)[1:]) in (0, 1)
    done = capsys.readouterr()
    assert "Traceback" not in done.err


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_toml_blocks(page: Path) -> None:
    for _, text in blocks(page, "toml"):
        tomllib.loads(text)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(FENCE, "", page.read_text(encoding="utf-8"))
    titles = {re.sub(r"[^\w -]", "", h.strip().lower()).replace(" ", "-") for h in re.findall(r"^#+ (.*)$", text, flags=re.M)}
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in titles, target
        elif not re.match(r"\w+:", target):
            assert (page.parent / target.split("#")[0]).exists(), target


@pytest.mark.parametrize("page", [ROOT / "docs" / "dependencies.md"], ids=lambda p: p.name)
def test_every_dependency_is_accounted_for(page: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    names = {name[0] for d in wanted if (name := re.match(r"[\w-]+", d)) and name[0] != "keruen"}
    listed = set(re.findall(r"^\| ([\w-]+) \|", page.read_text(encoding="utf-8"), flags=re.M)) - {"package"}
    assert listed == names
