"""Run many independent tasks: here, in several processes or on a Dask cluster. What is done is never lost.

The answers do not depend on where, in which order or in how many goes the tasks were run.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keruen.ask.book import Task, Worker, open_book, told_by
from keruen.ask.checkpoints import default_checkpoint, question_digest
from keruen.ask.cluster import on_cluster
from keruen.ask.crew import Crew
from keruen.errors import UsageError

__all__ = ["Task", "default_checkpoint", "question_digest", "run_tasks"]


def run_tasks(
    tasks: Sequence[Task], worker: Worker, shared: bytes, *, jobs: int | None = None, cluster: str | None = None,
    checkpoint: Path | None = None, digest: str = "", progress: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The answers of all tasks by key, in the order of ``tasks``.

    worker: function of an importable module, called as ``worker(shared, payload)``; tells something JSON can hold.
    shared: what all tasks need, sent once to each process. jobs: processes, all cores if not given, 1 for none but
    this. cluster: address of a Dask scheduler instead. checkpoint: file that keeps the answers; what is in it
    already is not asked again, provided it was written for the same ``digest``. progress: words before the bar on
    stderr, which is shown on a terminal only, or always with KERUEN_PROGRESS=1 in the environment.

    Errors of the worker are passed on. Raises SolveError for a task that ends its process time after time, UsageError
    for a checkpoint or a cluster that cannot be used. Whatever ends it, the checkpoint has all that was done.
    """
    if jobs is not None and jobs < 1:
        raise UsageError(f"jobs is the number of processes, from 1; got {jobs}")
    keys = {task.key for task in tasks}
    if len(keys) < len(tasks):
        raise UsageError("two tasks have the same key")
    with open_book(tasks, checkpoint, digest, progress) as book:
        pending = [i for i in range(len(tasks)) if i not in book.results]
        jobs = min(_cores() if jobs is None else jobs, len(pending))
        if cluster is not None and pending:
            on_cluster(book, pending, worker, shared, cluster)
        elif jobs > 1:
            Crew(book, pending, worker, shared, jobs).run()
        else:
            for i in pending:
                book.enter(i, told_by(worker, shared, tasks[i].payload, tasks[i].key))
    return {task.key: book.results[i] for i, task in enumerate(tasks)}


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
