"""What `adapter` is while sqlfluff renders a model: a dispatched macro shows as a plain function call.

sqlfluff knows dbt's `ref`, `source` and `var`, not its `adapter`. The SQL inside dispatched macros is not of interest
to a model's layout, so a call stands for it, which also keeps linting fast.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_COLUMN = re.compile(r"[a-z_][a-z0-9_.]*|[0-9]+")
# dispatched macros that stand for a query, where a function call cannot stand
_QUERIES = {"golden_union_by_name": "select * from {} union all by name select * from {}"}


def dispatch(name: str, package: str | None = None) -> Callable[..., str]:
    """Stand in for dbt's dispatch: `half_width` becomes `half_width(name)`."""
    del package

    def call(value: object = "", *others: object) -> str:
        if name in _QUERIES:
            return _QUERIES[name].format(value, *others)
        # what is no column is a pattern, quoted in the macro itself: left out, it would only cost time
        arguments = [value, *(other for other in others if _COLUMN.fullmatch(str(other)))]
        return f"{name}({', '.join(str(argument) for argument in arguments)})"

    return call
