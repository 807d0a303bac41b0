"""The proposed mapping onto the canonical contracts: which contract each table provides, and its SQL.

A table gives people, accounts or transactions; who owns an account is looked for along references: in the table itself,
in a table of holders, or by the account a loan or a card belongs to. What cannot be found is left out and said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connectors.onboarding.propose import TableProposal
from warehouse.dbt_contract import model_columns

_KINDS = {"account": "deposit", "loan": "loan", "card": "credit_card"}


@dataclass(frozen=True)
class CanonicalModel:
    """One canonical model: its name, the contract's columns it provides, its SQL."""

    contract: str
    name: str
    columns: tuple[str, ...]
    sql: str


@dataclass(frozen=True)
class Bank:
    """The tables of one source, and its currency."""

    source: str
    tables: Mapping[str, TableProposal]
    currency: str

    def with_role(self, role: str) -> list[TableProposal]:
        """The tables taken for this."""
        return [table for table in self.tables.values() if table.role == role]

    def staging(self, table: TableProposal) -> str:
        """An import of a staging model, as the body of a CTE."""
        return f"    select * from {{{{ ref('stg_{self.source}__{table.name}') }}}}"

    def account_number(self, table: TableProposal, value: str) -> str:
        """An account's number in the contract: loans and cards beside accounts may share their numbers."""
        beside = sum(len(self.with_role(role)) for role in _KINDS)
        return value if table.role == "account" or beside == 1 else f"'{table.name}-' || {value}"

    def reference(self, table: TableProposal, roles: tuple[str, ...]) -> tuple[str, TableProposal] | None:
        """The first column that refers to a table of one of these roles, with that table."""
        for column, other in table.profile.references.items():
            if self.tables[other].role in roles:
                return column, self.tables[other]
        return None


@dataclass(frozen=True)
class _Owner:
    """How an account's party is found: further CTEs, a join, and the expression of its record id."""

    ctes: tuple[tuple[str, str], ...]
    join: str
    record_id: str


def map_tables(bank: Bank) -> tuple[list[CanonicalModel], list[str]]:
    """The canonical models of a source, and what was left out and why."""
    found: list[CanonicalModel] = []
    notes: list[str] = []
    builders = {
        "party": _party, "account": _account, "loan": _account, "card": _account, "transaction": _transaction,
        "balance": _balance,
    }  # fmt: skip
    for table in bank.tables.values():
        if table.role not in builders:
            reason = "used to find who owns an account" if table.role == "holder" else "no contract for such a table"
            notes.append(f"{table.name}: staged only, {reason}")
            continue
        made = builders[table.role](bank, table)
        if isinstance(made, str):
            notes.append(f"{table.name}: staged only, {made}")
        else:
            found += made
    found += _code_uses(bank)
    return found, notes


def _model(
    bank: Bank,
    contract: str,
    table: TableProposal,
    ctes: list[tuple[str, str]],
    fields: list[tuple[str, str]],
    rest: str,
) -> CanonicalModel:
    """A model in the house's form: imports, then a step of the model's name, plain columns before computed."""
    name = f"{contract}__{bank.source}_{table.name}"
    plain = [(value, alias) for value, alias in fields if not _is_computed(value)]
    computed = [(value, alias) for value, alias in fields if _is_computed(value)]
    lines = [_field(value, alias) for value, alias in [*plain, *computed]]
    body = "    select\n" + ",\n".join(f"        {line}" for line in lines) + f"\n{rest}"
    parts = ",\n\n".join(f"{cte} as (\n{text}\n)" for cte, text in [*ctes, (name, body)])
    known = list(model_columns(f"contract_{contract}"))
    columns = tuple(sorted((alias for _, alias in fields), key=known.index))
    return CanonicalModel(contract, name, columns, f"with {parts}\n\nselect * from {name}\n")


def _is_computed(value: str) -> bool:
    return any(sign in value for sign in ("(", "{{", "||"))


def _field(value: str, alias: str) -> str:
    return value if value.rpartition(".")[2] == alias else f"{value} as {alias}"


def _record_id(bank: Bank, value: str) -> str:
    return f"{{{{ record_id('{bank.source}', '{value}') }}}}"


def _party(bank: Bank, table: TableProposal) -> list[CanonicalModel] | str:
    if table.key is None:
        return "its key is not one column"
    cte = f"{table.name}_row"
    wanted = [name for name in model_columns("contract_party") if name not in ("source", "source_key", "party_type")]
    fields = [(f"'{bank.source}'", "source"), (table.key, "source_key")]
    fields.append(("party_type" if table.has("party_type") else f"'{_party_type(table)}'", "party_type"))
    fields += [(name, name) for name in wanted if table.has(name)]
    return [_model(bank, "party", table, [(cte, bank.staging(table))], fields, f"    from {cte}")]


def _party_type(table: TableProposal) -> str:
    organization = any(column.raw.form in ("organization_name", "uscc") for column in table.columns)
    return "organization" if organization else "person"


def _account(bank: Bank, table: TableProposal) -> list[CanonicalModel] | str:
    if table.key is None:
        return "its key is not one column"
    owner = _owner(bank, table)
    if owner is None:
        return "who owns it was not found: no column refers to a table of people, of holders or of accounts"
    row = f"{table.name}_row"
    fields = [(f"'{bank.source}'", "source"), (bank.account_number(table, f"{row}.{table.key}"), "account_number")]
    fields += [(f"'{_KINDS[table.role]}'", "account_kind")]
    if not table.has("currency"):
        fields.append((f"'{bank.currency}'", "currency"))
    taken = {alias for _, alias in fields} | {"record_id"}
    fields += [
        (f"{row}.{name}", name) for name in model_columns("contract_account") if name not in taken and table.has(name)
    ]
    fields.append((owner.record_id, "record_id"))
    ctes = [(row, bank.staging(table)), *owner.ctes]
    return [_model(bank, "account", table, ctes, fields, f"    from {row}{owner.join}")]


def _owner(bank: Bank, table: TableProposal) -> _Owner | None:
    row = f"{table.name}_row"
    if direct := bank.reference(table, ("party",)):
        return _Owner((), "", _record_id(bank, f"{row}.{direct[0]}"))
    for holder in bank.with_role("holder"):
        if (party := bank.reference(holder, ("party",))) and (found := _by_holder(bank, table, holder, party[0])):
            return found
    account = bank.reference(table, ("account",))
    if account and account[1].name != table.name and _owner(bank, account[1]):
        text = f"    select * from {{{{ ref('account__{bank.source}_{account[1].name}') }}}}"
        join = f"\n    left join owning_account on {row}.{account[0]} = owning_account.account_number"
        return _Owner((("owning_account", text),), join, "owning_account.record_id")
    return None


def _by_holder(bank: Bank, table: TableProposal, holder: TableProposal, party: str) -> _Owner | None:
    """A table of holders: the account names its row, or its rows name the account; then only owners count."""
    row = f"{table.name}_row"
    own = next((column for column, other in table.profile.references.items() if other == holder.name), None)
    if own:
        join = f"\n    left join holder on {row}.{own} = holder.{own}"
        return _Owner((("holder", bank.staging(holder)),), join, _record_id(bank, f"holder.{party}"))
    back = next((column for column, other in holder.profile.references.items() if other == table.name), None)
    if back is None:
        return None
    only = "\n    -- of several holders the owner counts: fill the codes of holder_role in the code map\n"
    only += "    where holder_role = 'owner'" if holder.has("holder_role") else "    where true"
    text = (
        f"    select\n        {back},\n        min({party}) as {party}\n"
        f"    from {{{{ ref('stg_{bank.source}__{holder.name}') }}}}{only}\n    group by {back}"
    )
    join = f"\n    left join owner on {row}.{back} = owner.{back}"
    return _Owner((("owner", text),), join, _record_id(bank, f"owner.{party}"))


def _transaction(bank: Bank, table: TableProposal) -> list[CanonicalModel] | str:
    account = bank.reference(table, ("account", "card", "loan"))
    missing = [name for name in ("occurred_at", "amount", "direction") if not table.has(name)]
    if table.key is None or account is None or missing:
        what = [
            *(["one key column"] if table.key is None else []),
            *(["an account"] if account is None else []),
            *missing,
        ]
        return f"not found in it: {', '.join(what)}"
    row = f"{table.name}_row"
    fields = [(f"'{bank.source}'", "source"), (table.key, "transaction_id")]
    fields.append((bank.account_number(account[1], account[0]), "account_number"))
    names = ("occurred_at", "amount", "direction", "transaction_type")
    fields += [(name, name) for name in names if table.has(name)]
    made = [_model(bank, "transaction", table, [(row, bank.staging(table))], fields, f"    from {row}")]
    return made + (
        [_closing(bank, table, bank.account_number(account[1], account[0]))] if table.has("balance_after") else []
    )


def _closing(bank: Bank, table: TableProposal, account: str) -> CanonicalModel:
    """The running balance of the transactions gives the balance of each day."""
    movement = f"""    select
        {account} as account_number,
        cast(occurred_at as date) as balance_date,
        {table.key} as transaction_id,
        balance_after as balance,
        case direction when 'in' then amount when 'out' then -amount end as signed_amount
    from {{{{ ref('stg_{bank.source}__{table.name}') }}}}"""
    closing = """    -- tolerance: by how much balance and amounts may differ, where the bank rounds amounts
    {{ closing_balances('movement', tolerance=0) }}"""
    ctes = [("movement", movement), ("closing", closing)]
    fields = [(f"'{bank.source}'", "source"), *((name, name) for name in ("account_number", "balance_date", "balance"))]
    return _model(bank, "balance", table, ctes, fields, "    from closing")


def _balance(bank: Bank, table: TableProposal) -> list[CanonicalModel] | str:
    account = bank.reference(table, ("account", "card", "loan"))
    if account is None or not (table.has("balance") and table.has("balance_date")):
        return "not found in it: an account, a date and a balance"
    row = f"{table.name}_row"
    number = bank.account_number(account[1], account[0])
    fields = [(f"'{bank.source}'", "source"), (number, "account_number"), ("balance_date", "balance_date")]
    return [
        _model(
            bank, "balance", table, [(row, bank.staging(table))], [*fields, ("balance", "balance")], f"    from {row}"
        )
    ]


def _code_uses(bank: Bank) -> Iterator[CanonicalModel]:
    """One model for all codes of the source, where it has any."""
    calls = []
    for table in bank.tables.values():
        codes = [(column.code_set, column.raw.name) for column in table.columns if column.code_set]
        if codes:
            lines = "\n".join(f"        '{code_set}': '{name}'," for code_set, name in codes)
            calls.append(f"    {{{{ codes_in_use('{bank.source}', '{table.name}', {{\n{lines}\n    }}) }}}}")
    if calls:
        name = f"code_use__{bank.source}"
        sql = f"with {name} as (\n" + "\n    union all\n".join(calls) + f"\n)\n\nselect * from {name}\n"
        yield CanonicalModel("code_use", name, tuple(model_columns("contract_code_use")), sql)
