"""Tasks: the same answers however they are run, and nothing lost whatever dies."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keruen import __version__
from keruen.ask import cluster as dask_side
from keruen.ask import crew
from keruen.ask.tasks import Task, default_checkpoint, question_digest, run_tasks
from keruen.errors import CaseError, Finding, KeruenError, SolveError, UsageError

SHARED = b"7" * 100_000
COUNT = 40
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals")


# --- workers -----------------------------------------------------------------------------------


def figure(shared: bytes, n: int) -> Any:
    print("noise on stdout")
    return {"root": math.sqrt(n) * len(shared), "tiny": n * 1e-300, "n": n, "odd": [None, True, math.inf, "Құрық"]}


def marked(shared: bytes, payload: tuple[str, float, int]) -> int:
    """Leave a file that says this was run."""
    folder, seconds, n = payload
    time.sleep(seconds)
    (Path(folder) / f"{n}-{os.getpid()}-{time.monotonic_ns()}").touch()
    return n * len(shared)


def dies_once(shared: bytes, payload: tuple[str, int]) -> int:
    folder, n = payload
    mark = Path(folder) / str(n)
    if n % 10 == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
    return n


def dies(shared: bytes, n: int) -> int:
    if n == 5:
        os._exit(9)
    return n


def no_memory(shared: bytes, n: int) -> int:
    raise MemoryError


def wrong(shared: bytes, n: int) -> int:
    if n == 20:
        raise CaseError("toy", [Finding("odd", "links.csv", 2, "cost", "'x'", "a number", "Mend it.")])
    if n == 120:
        raise ZeroDivisionError("by nothing")
    if n == 220:
        return {1, 2}  # type: ignore[return-value]
    return n


def numbered(count: int = COUNT, first: int = 0) -> list[Task]:
    return [Task(f"number {n}", n) for n in range(first, first + count)]


def straight() -> dict[str, Any]:
    return {f"number {n}": json.loads(json.dumps(figure(SHARED, n))) for n in range(COUNT)}


def numbers(folder: Path) -> list[int]:
    return sorted(int(f.name.split("-")[0]) for f in folder.iterdir())


# --- answers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_answers_do_not_depend_on_how_they_were_found(jobs: int, tmp_path: Path) -> None:
    file = tmp_path / "kept.jsonl"
    expected = json.dumps(straight())
    assert json.dumps(run_tasks(numbered(), figure, SHARED, jobs=jobs)) == expected
    assert json.dumps(run_tasks(numbered(), figure, SHARED, jobs=jobs, checkpoint=file)) == expected
    lines = file.read_bytes().splitlines(keepends=True)
    assert json.loads(lines[0]) == {"keruen": __version__, "digest": ""}
    assert sorted(json.loads(line)["key"] for line in lines[1:]) == sorted(t.key for t in numbered())
    assert json.dumps(run_tasks(numbered(), figure, SHARED, jobs=jobs, checkpoint=file)) == expected
    assert file.read_bytes() == b"".join(lines)
    file.write_bytes(b"".join(lines[: COUNT // 3]))
    assert json.dumps(run_tasks(numbered(), figure, SHARED, jobs=3 - jobs, checkpoint=file)) == expected
    # Other tasks of the same question share the file, as the pairs do with the singles.
    more = run_tasks(numbered(3, COUNT), figure, SHARED, jobs=1, checkpoint=file)
    assert list(more) == [f"number {n}" for n in range(COUNT, COUNT + 3)]
    assert len(file.read_bytes().splitlines()) == 1 + COUNT + 3


def test_nothing_to_do_is_done_at_once(tmp_path: Path) -> None:
    assert run_tasks([], figure, SHARED, jobs=2, cluster="tcp://127.0.0.1:9", checkpoint=tmp_path / "a" / "kept.jsonl") == {}


def test_arguments_that_make_no_sense() -> None:
    with pytest.raises(UsageError, match="from 1; got 0"):
        run_tasks(numbered(), figure, SHARED, jobs=0)
    with pytest.raises(UsageError, match="same key"):
        run_tasks([Task("a"), Task("a")], figure, SHARED)
    with pytest.raises(UsageError, match="cannot import the worker"):
        run_tasks(numbered(), lambda shared, n: n, SHARED, jobs=2)


def test_a_script_needs_no_guard(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\nimport test_tasks as t\n"
                      "print(list(t.run_tasks(t.numbered(), t.figure, b'', jobs=2))[-1])\n")  # fmt: skip
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stdout) == (0, f"number {COUNT - 1}\n")


def test_the_bar_is_on_stderr_and_counts_what_was_done_before(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "kept.jsonl"
    run_tasks(numbered(10), dies_not, SHARED, jobs=1, checkpoint=file)
    run_tasks(numbered(), dies_not, SHARED, jobs=1)
    assert capsys.readouterr() == ("", "")
    run_tasks(numbered(20), dies_not, SHARED, jobs=1, checkpoint=file, progress="one at a time")
    assert capsys.readouterr() == ("", "resumed: 10 of 20 were done before\n")
    monkeypatch.setenv("KERUEN_PROGRESS", "1")
    run_tasks(numbered(), dies_not, SHARED, jobs=1, checkpoint=file, progress="one at a time")
    out, err = capsys.readouterr()
    assert out == ""
    assert "resumed: 20 of 40" in err
    assert "one at a time:  50%" in err
    assert "40/40" in err


def dies_not(shared: bytes, n: int) -> int:
    return n


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_errors_of_the_worker_are_passed_on(jobs: int, tmp_path: Path) -> None:
    file = tmp_path / "kept.jsonl"
    with pytest.raises(CaseError) as found:
        run_tasks(numbered(), wrong, SHARED, jobs=jobs, checkpoint=file)
    assert found.value.name == "toy"
    assert [f.code for f in found.value.findings] == ["odd"]
    assert "the case toy has 1 problem" in str(found.value)
    done = [json.loads(line)["result"] for line in file.read_text().splitlines()[1:]]
    assert 20 not in done
    assert len(done) >= 19  # the other process may still be at its first
    with pytest.raises(ZeroDivisionError, match="by nothing") as other:
        run_tasks(numbered(first=100), wrong, SHARED, jobs=jobs)
    assert "in the task 'number 120'" in other.value.__notes__
    with pytest.raises(TypeError, match="set is not JSON"):
        run_tasks(numbered(first=200), wrong, SHARED, jobs=jobs)


def test_a_process_that_dies_is_replaced(tmp_path: Path) -> None:
    tasks = [Task(str(n), (str(tmp_path), n)) for n in range(COUNT)]
    assert run_tasks(tasks, dies_once, SHARED, jobs=2) == {str(n): n for n in range(COUNT)}
    assert numbers(tmp_path) == [3, 13, 23, 33]


def test_a_task_that_always_kills_its_process_is_named_and_the_others_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "kept.jsonl"
    with pytest.raises(SolveError, match=r"'number 5' ended its process 3 times \(exit code 9\).*--jobs"):
        run_tasks(numbered(12), dies, SHARED, jobs=2, checkpoint=file)
    assert len(file.read_bytes().splitlines()) == 1 + 11
    with pytest.raises(SolveError, match="no memory left"):
        run_tasks(numbered(2), no_memory, SHARED, jobs=2)


def test_processes_that_never_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "BOOT", "raise SystemExit(5)")
    with pytest.raises(SolveError, match=r"before they begin \(exit code 5\)"):
        run_tasks(numbered(), figure, SHARED, jobs=2)


# --- checkpoints -------------------------------------------------------------------------------


def written(file: Path, folder: Path, digest: str = "one") -> dict[str, Any]:
    tasks = [Task(str(n), (str(folder), 0.0, n)) for n in range(10)]
    return run_tasks(tasks, marked, SHARED, jobs=1, checkpoint=file, digest=digest)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "marks").mkdir()
    return tmp_path / "marks"


@pytest.mark.parametrize("tail", [b'{"key": "4", "res', b'{"key": "4", "result": 1}', b"\0\0\0\n", b'{"key": "4"}\n'])
def test_a_line_half_written_is_run_again(tail: bytes, tmp_path: Path, folder: Path) -> None:
    file = tmp_path / "kept.jsonl"
    expected = written(file, folder)
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:5]) + tail)
    for mark in folder.iterdir():
        mark.unlink()
    assert written(file, folder) == expected
    assert numbers(folder) == list(range(4, 10))
    assert file.read_bytes().splitlines(keepends=True) == lines


@pytest.mark.parametrize("cut", [0, 1, 20])
def test_a_first_line_half_written(cut: int, tmp_path: Path, folder: Path) -> None:
    file = tmp_path / "kept.jsonl"
    written(file, folder)
    whole = file.read_bytes()
    file.write_bytes(whole[:cut])
    written(file, folder)
    assert file.read_bytes() == whole


def test_a_checkpoint_of_something_else_is_left_alone(tmp_path: Path, folder: Path) -> None:
    file = tmp_path / "kept.jsonl"
    written(file, folder)
    before = file.read_bytes()
    with pytest.raises(UsageError, match=r"kept.jsonl is of another question.*remove it, or give another --checkpoint"):
        written(file, folder, "two")
    assert file.read_bytes() == before
    file.write_text('{"keruen": "0.0.1", "digest": "one"}\n')
    with pytest.raises(UsageError, match=r"is of keruen '0.0.1', and this is"):
        written(file, folder)
    for content in (b"id,name\n1,Aktau\n", b"id,name", b"[1]\n", b"\xff\n"):
        file.write_bytes(content)
        with pytest.raises(UsageError, match="not a checkpoint"):
            written(file, folder)
        assert file.read_bytes() == content


def test_two_runs_do_not_write_one_file(tmp_path: Path, folder: Path) -> None:
    file = tmp_path / "kept.jsonl"
    here = str(Path(__file__).parent)
    code = f"import sys, time; sys.path.insert(0, {here!r})\nfrom pathlib import Path\nfrom keruen.ask.checkpoints import Checkpoint\n" \
           f"c = Checkpoint(Path({str(file)!r}), 'one'); print('open', flush=True); time.sleep(60)"  # fmt: skip
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    try:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"open"
        with pytest.raises(UsageError, match=r"another run is writing the checkpoint .*kept.jsonl"):
            written(file, folder)
    finally:
        other.kill()
        other.communicate()
    # It is dead, and so is its lock.
    assert len(written(file, folder)) == 10


def test_an_answer_that_cannot_be_written_says_which_file(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(OSError) as found:
        written(tmp_path, folder)
    assert found.value.filename == str(tmp_path) or found.value.filename == tmp_path


def test_where_checkpoints_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = question_digest("stress", b"data")
    assert digest == question_digest(b"stress", "data")
    assert len({digest, question_digest("stressdata"), question_digest("stress", "data", ""), question_digest("stres", "sdata")}) == 4
    monkeypatch.setenv("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME", str(tmp_path))
    assert default_checkpoint(digest) == tmp_path / "keruen" / f"{digest}.jsonl"
    if sys.platform != "win32":
        monkeypatch.setenv("XDG_CACHE_HOME", "relative")
        assert default_checkpoint(digest).parent == Path.home() / ".cache" / "keruen"


@POSIX
@pytest.mark.slow
@pytest.mark.parametrize("how", ["SIGKILL", "SIGINT"])
def test_an_interrupted_run_goes_on_where_it_stopped(how: str, tmp_path: Path, folder: Path) -> None:
    file = tmp_path / "kept.jsonl"
    here = str(Path(__file__).parent)
    tasks = f"[t.Task(str(n), ({str(folder)!r}, 0.05, n)) for n in range({COUNT})]"
    # A shell that starts jobs in the background has them ignore Ctrl-C: listen to it again.
    code = f"import signal, sys; sys.path.insert(0, {here!r})\nsignal.signal(signal.SIGINT, signal.default_int_handler)\nimport test_tasks as t\n" \
           f"t.run_tasks({tasks}, t.marked, t.SHARED, jobs=2, checkpoint=t.Path({str(file)!r}))"  # fmt: skip
    first = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)
    until = time.monotonic() + 30
    while not file.exists() or file.read_bytes().count(b"\n") < COUNT // 3:
        assert time.monotonic() < until
        time.sleep(0.02)
    first.send_signal(getattr(signal, how))
    _, err = first.communicate(timeout=10)
    assert first.returncode == -getattr(signal, how)
    assert (b"KeyboardInterrupt" in err) == (how == "SIGINT")
    time.sleep(0.3)
    assert len(numbers(folder)) < COUNT  # its processes ended with it
    done = {int(json.loads(line)["key"]) for line in file.read_bytes().splitlines()[1:]}
    assert COUNT // 3 - 1 <= len(done) < COUNT
    assert done <= set(numbers(folder))
    assert len(set(numbers(folder)) - done) <= 2 + 2  # what each process was at

    again = tmp_path / "again"
    again.mkdir()
    tasks_again = [Task(str(n), (str(again), 0.0, n)) for n in range(COUNT)]
    assert run_tasks(tasks_again, marked, SHARED, jobs=2, checkpoint=file) == {str(n): n * len(SHARED) for n in range(COUNT)}
    assert numbers(again) == sorted(set(range(COUNT)) - done)


# --- a cluster ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50) as cluster:
        yield cluster


@POSIX
@pytest.mark.slow
def test_a_cluster_finds_the_same_though_a_worker_is_killed(cluster: Any, tmp_path: Path, folder: Path) -> None:
    assert json.dumps(run_tasks(numbered(), figure, SHARED, cluster=cluster.scheduler_address)) == json.dumps(straight())
    from threading import Thread

    victim = next(iter(cluster.workers.values())).pid

    def kill() -> None:
        while len(numbers(folder)) < COUNT // 3:
            time.sleep(0.02)
        os.kill(victim, signal.SIGKILL)

    killer = Thread(target=kill)
    killer.start()
    file = tmp_path / "kept.jsonl"
    tasks = [Task(str(n), (str(folder), 0.1, n)) for n in range(COUNT)]
    expected = {str(n): n * len(SHARED) for n in range(COUNT)}
    assert run_tasks(tasks, marked, SHARED, cluster=cluster.scheduler_address, checkpoint=file) == expected
    killer.join()
    assert len({f.name.split("-")[1] for f in folder.iterdir()}) >= 2  # both worked
    assert len(file.read_bytes().splitlines()) == 1 + COUNT
    assert run_tasks(tasks, marked, SHARED, jobs=1, checkpoint=file) == expected


@pytest.mark.slow
def test_a_cluster_tells_what_it_has_before_a_piece_of_work_is_done(cluster: Any, folder: Path) -> None:
    tasks = [Task(str(n), (str(folder), dask_side.SLICE + 0.1 if n == 60 else 0.0, n)) for n in range(60 * 4)]
    assert run_tasks(tasks, marked, b"7", cluster=cluster.scheduler_address) == {str(n): n for n in range(60 * 4)}
    assert numbers(folder) == list(range(60 * 4))  # each once


@pytest.mark.slow
def test_errors_come_back_from_a_cluster(cluster: Any) -> None:
    with pytest.raises(CaseError, match="the case toy has 1 problem"):
        run_tasks(numbered(), wrong, SHARED, cluster=cluster.scheduler_address)
    with pytest.raises(ZeroDivisionError, match="by nothing"):
        run_tasks(numbered(first=100), wrong, SHARED, cluster=cluster.scheduler_address)


@pytest.mark.slow
def test_workers_without_keruen_are_named(cluster: Any) -> None:
    distributed = pytest.importorskip("distributed")

    def hide() -> None:
        import sys

        sys.modules["keruen"] = None  # type: ignore[assignment]

    def show() -> None:
        import sys

        del sys.modules["keruen"]

    with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
        client.run(hide)
        try:
            with pytest.raises(UsageError, match=rf"the worker tcp://\S+ does not have keruen; install keruen {__version__} there"):
                run_tasks(numbered(), figure, SHARED, cluster=cluster.scheduler_address)
        finally:
            client.run(show)


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(dask_side, "CONNECT", 2.0)
    begun = time.monotonic()
    for address in ("tcp://127.0.0.1:9", "nonsense", "foo://there:1"):
        with pytest.raises(UsageError, match=f"no Dask scheduler answers at '{address}'"):
            run_tasks(numbered(), figure, SHARED, cluster=address)
    assert time.monotonic() - begun < 10


def test_a_cluster_needs_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(KeruenError, match=r'pip install "keruen\[cluster\]"'):
        run_tasks(numbered(), figure, SHARED, cluster="tcp://127.0.0.1:9")
