"""Work on several parts at once, on the tables of one connection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import duckdb

Part = TypeVar("Part")
Made = TypeVar("Made")
Task = Callable[[duckdb.DuckDBPyConnection], Any]


def threads(con: duckdb.DuckDBPyConnection) -> int:
    """How many threads a connection may use."""
    row = con.execute("select current_setting('threads')").fetchone()
    return int(row[0]) if row else 1


def begun(make: Callable[[], Made]) -> Callable[[], Made]:
    """Begin work on a thread of its own; what is returned waits for its end and gives what was made."""
    pool = ThreadPoolExecutor(1)
    made = pool.submit(make)
    pool.shutdown(wait=False)
    return made.result


def side_by_side(
    con: duckdb.DuckDBPyConnection, make: Callable[[duckdb.DuckDBPyConnection, Part], Made], parts: Iterable[Part]
) -> Iterator[Made]:
    """What `make` gives of each part, in the order of the parts.

    As many are made at once as the connection may use threads, each on a cursor of its own. What `parts` yields is made
    by the caller's thread, whose connection no other uses meanwhile.
    """
    (catalog,) = con.execute("select current_catalog()").fetchone() or ("memory",)

    def made(part: Part) -> Made:
        with con.cursor() as cursor:
            cursor.execute(f"use {catalog}")
            return make(cursor, part)

    with ThreadPoolExecutor(threads(con)) as pool:
        yield from pool.map(made, parts)


def all_done(con: duckdb.DuckDBPyConnection, tasks: Iterable[Task]) -> Iterator[Any]:
    """What each of different tasks gives, in their order; see `side_by_side`."""
    return side_by_side(con, lambda cursor, task: task(cursor), tasks)
