"""The desk: the same question once, bounded stores, patience, and people who leave."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

import keruen as kr
from keruen.errors import UsageError
from keruen.web import desk
from keruen.web.desk import Busy, Desk, Late
from small import write_small


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(kr.load(write_small(tmp_path / "small")), workers=1)
    yield found
    found.close()


def test_the_same_question_is_solved_once(made: Desk) -> None:
    async def ask() -> list[tuple[bytes, str]]:
        return [*await asyncio.gather(*(made.ask("answer", "close=country=XX") for _ in range(20))), await made.ask("answer", "close=country=XX")]

    answers = asyncio.run(ask())
    assert len(set(answers)) == 1
    assert made.counts == {"asked": 21, "kept": 1, "solved": 1, "refused": 0}


def test_the_store_is_bounded(made: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "KEPT_ANSWERS", 3)

    async def ask() -> None:
        for capacity in range(8):
            await made.ask("answer", f"scale=link=pipe-hub-terminal,capacity=0.{capacity}")

    asyncio.run(ask())
    assert len(made._kept) == 3
    assert made._bytes == sum(len(body) for body, _ in made._kept.values())
    monkeypatch.setattr(desk, "KEPT_BYTES", 10)
    asyncio.run(made.ask("answer", ""))
    assert len(made._kept) == 3, "what is too large for the store is not kept"


def test_too_many_are_refused_and_nobody_else_is_harmed(made: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(desk.WAITING, "quick", 5)

    async def ask() -> list[object]:
        return list(await asyncio.gather(*(made.ask("answer", f"scale=link=pipe-hub-port,cost=1.{i}") for i in range(9)), return_exceptions=True))

    found = asyncio.run(ask())
    assert sum(isinstance(f, Busy) for f in found) == 4
    assert sum(isinstance(f, tuple) for f in found) == 5


def test_a_question_that_takes_too_long_is_given_up_and_the_next_is_answered(made: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask() -> None:
        monkeypatch.setitem(desk.SECONDS, "quick", 0.001)
        with pytest.raises(Late, match="no answer within"):
            await made.ask("answer", "")
        monkeypatch.setitem(desk.SECONDS, "quick", 60.0)
        assert (await made.ask("answer", ""))[0].startswith(b"{")

    asyncio.run(ask())


def test_what_nobody_waits_for_is_not_solved(made: Desk) -> None:
    async def ask() -> None:
        await made.ask("answer", "")
        waiting = [asyncio.create_task(made.ask("answer", f"scale=link=pipe-hub-port,cost=1.{i}")) for i in range(30)]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await made.ask("answer", "scale=link=pipe-hub-port,cost=3")

    asyncio.run(ask())
    assert made.counts["solved"] <= 4
    assert made._waiting == {"quick": 0, "slow": 0}


def test_a_refusal_keeps_its_words(made: Desk) -> None:
    with pytest.raises(UsageError, match="from 400 to 2000"):
        asyncio.run(made.ask("answer", "", {"w": "1"}))
