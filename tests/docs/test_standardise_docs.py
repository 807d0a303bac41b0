"""Every reason code a model can give is explained where users look for it."""

import yaml

from warehouse.settings import ROOT


def codes() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "dbt_project" / "models" / "intermediate").rglob("_*.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            for column in model["columns"]:
                if column["name"].endswith(("_issue", "_warning")):
                    tests = [test for test in column.get("data_tests", []) if "accepted_values" in test]
                    found |= {code for test in tests for code in test["accepted_values"]["arguments"]["values"]}
    return found


def test_every_reason_code_is_documented():
    text = (ROOT / "docs" / "standardise.md").read_text(encoding="utf-8")
    assert len(codes()) > 20
    assert [code for code in sorted(codes()) if f"| `{code}` |" not in text] == []
