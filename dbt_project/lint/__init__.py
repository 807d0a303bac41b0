"""What dbt gives a model and sqlfluff does not know: `adapter` and `dbt` (modules beside this one), `var`, `env_var`.

sqlfluff offers every name of this package to the models. Only layout is judged here, so the variables hold a short
example of what `survivorship.dbt_vars` hands to dbt, not the site's configuration: linting neither needs nor checks it.
"""

from __future__ import annotations

from typing import Any


def _rule(group: str, attributes: list[str], strategies: list[str], otherwise: str) -> dict[str, Any]:
    trust = ["core", "credit"]
    return {
        "group": group, "attributes": attributes, "strategies": strategies, "otherwise": otherwise, "trust": trust,
    }  # fmt: skip


_NAME = _rule("name", ["name"], ["valid", "script", "trust", "recent"], "record_id")
_ADDRESS = _rule("address", ["address", "city"], ["complete", "frequent", "longest"], "no_decision")

_VARIABLES: dict[str, Any] = {
    "survivorship": {"person": [_NAME, _ADDRESS], "organization": [_NAME, _ADDRESS]},
    "segments": [
        {"code": code, "name_zh": "客户", "name_en": code, "description": code, "condition": "aum > 0"}
        for code in ("first", "second")
    ],
    "customer_360": {
        "tiers": [{"code": "private", "from": 1}, {"code": "mass", "from": 0}],
        "exchange_rates": {"CNY": 1},
        "passive_transaction_types": ["interest", "fee"],
        "windows": {"wage_days": 60, "activity_days": 90, "login_days": 30, "comparison_days": 30},
    },
}


def var(name: str, default: object = None) -> Any:  # noqa: ANN401  # a variable is text, list or mapping
    """Stand in for dbt's variables."""
    return _VARIABLES.get(name, default)


def env_var(name: str, default: str) -> str:
    """Stand in for dbt's reading of the environment: the checked SQL shows the defaults."""
    return default
