"""Small functions and modules, so that the house stays readable (docs/decisions.md)."""

import ast
import statistics
from pathlib import Path

from warehouse.settings import ROOT

ROOMS = ("connectors", "dags", "masking", "matching", "quality", "stewardship", "warehouse")
LONGEST_FUNCTION = 60
LONGEST_MODULE = 500


def modules() -> list[Path]:
    return [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]


def functions() -> list[tuple[str, int]]:
    found = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.append((f"{path.relative_to(ROOT)}:{node.name}", node.end_lineno - node.lineno + 1))
    return found


def test_no_module_is_long():
    long = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert {name: lines for name, lines in long.items() if lines > LONGEST_MODULE} == {}


def test_no_function_is_long():
    assert [item for item in functions() if item[1] > LONGEST_FUNCTION] == []


def test_the_median_function_is_at_most_ten_lines():
    assert statistics.median(lines for _, lines in functions()) <= 10
