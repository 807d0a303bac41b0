"""The documents say what the code does."""

import re
import subprocess

import pytest
import typer
import yaml

from dags.cli import app
from warehouse import errors
from warehouse.errors import UserError
from warehouse.settings import ROOT, Settings

COMMANDS = {command.name or command.callback.__name__: command for command in app.registered_commands}


def tracked() -> list[str]:
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return listing.stdout.splitlines()


GROUPED = [
    (group.name, command.name or command.callback.__name__)
    for group in app.registered_groups
    for command in group.typer_instance.registered_commands
]


@pytest.mark.parametrize(("group", "name"), GROUPED)
def test_every_command_of_a_group_is_documented_and_has_help(group, name):
    assert f"`mdm {group} {name}" in (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert typer.main.get_command(app).commands[group].commands[name].help


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented_and_has_help(name):
    assert f"`mdm {name}" in (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert typer.main.get_command(app).commands[name].help


def test_every_exit_code_is_documented():
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    family = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, UserError)]
    assert [kind.__name__ for kind in family if f"| {kind.exit_code} | {kind.__name__} |" not in text] == []


def test_every_setting_is_documented():
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    names = []
    for name, field in Settings.model_fields.items():
        sub = getattr(field.annotation, "model_fields", None)
        names += [f"{name}.{key}" for key in sub] if sub else [name]
    assert [name for name in names if f"`{name}`" not in text and name != "config_dir"] == []


@pytest.mark.parametrize("page", [name for name in tracked() if name.endswith(".md")])
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text)
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not ((ROOT / page).parent / target).exists()] == []


def test_no_file_names_a_package_registry_or_a_content_network():
    hosts = re.compile(
        "|".join(["pypi" + r"\.org", "python" + r"hosted", "npmjs" + r"\.", "jsdel" + "ivr", "unp" + "kg"])
    )
    text = {name: (ROOT / name).read_bytes().decode("utf-8", "ignore") for name in tracked()}
    assert [name for name, content in text.items() if hosts.search(content)] == []


def test_nothing_generated_is_tracked():
    assert [name for name in tracked() if name.startswith(("var/", ".venv/", "dbt_project/target/"))] == []


def test_contracts_are_documented_as_they_are():
    described = yaml.safe_load((ROOT / "dbt_project/models/contract/_contract.yml").read_text(encoding="utf-8"))[
        "models"
    ]
    text = (ROOT / "docs/contracts.md").read_text(encoding="utf-8")
    sections = dict(part.split("\n", 1) for part in text.split("\n## ")[1:])
    assert list(sections) == [model["name"].removeprefix("contract_") for model in described]
    for model in described:
        rows = [f"| `{one['name']}` | {one['data_type']} | {one['description']} |" for one in model["columns"]]
        section = sections[model["name"].removeprefix("contract_")]
        assert model["description"] in section
        assert [line for line in section.splitlines() if line.startswith("| `")] == rows, model["name"]
