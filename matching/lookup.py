"""Search before create: one typed record against the golden set, weighed and decided as a run would.

A lookup asks the index for the records a run would compare the new one with, judges each pair, and lets the clusters'
rules decide with the customers as they stand. Stewards' decisions are about records that exist; none applies to a new
one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import duckdb

from matching.lookup_answer import Answer, answer
from matching.lookup_decision import Pair, decide
from matching.lookup_index import LookupIndex, build_index, key_hash, key_hashes, rounded_count
from matching.model import MatchModel, line_model
from matching.parameters import Parameters, load_parameters
from matching.rules_single import Record
from matching.single_pair import PairJudge
from matching.typed import prepared_record
from warehouse import store
from warehouse.errors import NotFoundError, SettingsError
from warehouse.settings import Settings

NEW = ""  # the id of a record that has none yet; it stands before every other


class Lookup:
    """The golden set of one party type, ready to be asked; made by `open_lookup`, never changed afterwards."""

    def __init__(self, model: MatchModel, parameters: Parameters, index: LookupIndex) -> None:
        self.model, self.parameters, self.index = model, parameters, index
        self._judge = PairJudge(model, parameters, index.records + 1)
        self._lists = model.list_columns

    def ask(self, values: Mapping[str, Any], record_id: str = NEW) -> Answer:
        """Decide about a standardised record that is not in the golden set.

        Args:
            values: columns of the model's input, such as name, document_holder, birth_date; None or absent: unknown.
            record_id: the id it would bear; it decides only with whom a very large group of one number is compared.
        """
        return self.ask_prepared(prepared_record(self.model, values), record_id)

    def ask_prepared(self, record: Record, record_id: str = NEW) -> Answer:
        """The same for a record that holds every column of the model already."""
        pairs, left_out = self.pairs(record, record_id)
        weights: dict[tuple[str, str], float] = {}
        if self.model.limits.support is not None:
            weights = self._inner_weights(record, record_id, pairs)
        decision = decide(self.model, self.index, record, record_id, pairs, weights)
        return answer(self.model, self.parameters, decision, pairs, left_out)

    def pairs(self, record: Record, record_id: str = NEW) -> tuple[list[Pair], list[str]]:
        """Every pair a run would judge with this prepared record inside; and the rules whose block was too large."""
        share = _Shares(self, record)
        strong = _first(self._strong_rows(record, record_id))
        pairs = [self._pair(record, record_id, row, rule, share) for row, rule in strong.items()]
        joined = [pair.row for pair in pairs if pair.judged.strong and pair.judged.verdict == "link"]
        units = {int(unit) for unit in self.index.units[joined] if unit >= 0}
        # a run counts records of one unit and content once
        more = 0 if any(self._is_copy(record, row) for row in joined) else 1
        left_out: list[str] = []
        for row, rule in _first(self._blocked_rows(record, more, left_out)).items():
            if row not in strong and int(self.index.units[row]) not in units:
                pairs.append(self._pair(record, record_id, row, rule, share))
        return pairs, left_out

    def _strong_rows(self, record: Record, record_id: str) -> Iterator[tuple[str, int]]:
        """Rows that share a strong identifier: all of a small group, the neighbours in a large one."""
        for item in sorted(self.model.strong_identifiers, key=lambda item: item.rule):
            for key in key_hashes([item.key], set(), record):
                rows = self.index.strong[item.rule].rows(key)
                if len(rows) >= self.model.limits.max_block:
                    place = int(rows.searchsorted(self.index.place_of(record_id)))
                    rows = rows[max(place - 1, 0) : place + 1]
                yield from ((item.rule, int(row)) for row in rows)

    def _is_copy(self, record: Record, row: int) -> bool:
        """Whether a stored record says the same in every field that is compared."""
        stored = self.index.row(row)
        return all(record[name] == stored[name] for name in self.model.fields if name in self.index.columns)

    def _blocked_rows(self, record: Record, more: int, left_out: list[str]) -> Iterator[tuple[str, int]]:
        """Rows that share the keys of a blocking rule; a block is measured with the new record inside (`more`)."""
        if self.index.active_records + more <= self.model.limits.compare_all:
            yield from (("all", int(row)) for row in self.index.active.nonzero()[0])
            return
        for rule in self.model.blocking:
            for key in key_hashes(rule.keys, self._lists, record):
                rows = self.index.blocking[rule.rule].rows(key)
                if len(rows) + more <= self.index.largest[rule.rule]:
                    yield from ((rule.rule, int(row)) for row in rows)
                elif rule.rule not in left_out:
                    left_out.append(rule.rule)

    def _pair(self, record: Record, record_id: str, row: int, rule: str, share: _Shares) -> Pair:
        stored, other = self.index.row(row), self.index.record_id(row)
        left, right = (record, stored) if record_id < other else (stored, record)
        return Pair(row, other, self.index.golden_id(row), self._judge.judge(left, right, share, rule))

    def _inner_weights(self, record: Record, record_id: str, pairs: Sequence[Pair]) -> dict[tuple[str, str], float]:
        """Weights with every record of the customers reached: a model with `limits.support` asks for all of them."""
        share = _Shares(self, record)
        customers = {int(self.index.customers[pair.row]) for pair in pairs if pair.judged.verdict == "link"}
        rows = [row for customer in customers for row in self.index.rows_of_customer(customer)]
        weighed = [self._pair(record, record_id, row, "inner", share) for row in rows]
        return {
            (min(record_id, pair.record_id), max(record_id, pair.record_id)): pair.judged.match_weight
            for pair in weighed
        }


class _Shares:
    """The share of records with a value, the new record counted where it bears it (`matching.term_frequency`)."""

    def __init__(self, lookup: Lookup, record: Record) -> None:
        self._index, self._record = lookup.index, record
        self._all = max(lookup.parameters.records, 1)
        self._itself = 0 if lookup.model.training.blocks else 1
        self._known: dict[tuple[str, Any], float] = {}

    def __call__(self, column: str, value: object) -> float | None:
        """The share; None for a null."""
        if value is None:
            return None
        if (column, value) not in self._known:
            bearers = self._index.counts[column].of(key_hash([value])) + (value == self._record[column])
            self._known[column, value] = rounded_count(max(bearers - self._itself, 1)) / self._all
        return self._known[column, value]


def _first(found: Iterable[tuple[str, int]]) -> dict[int, str]:
    """Per row the first rule that found it."""
    rules: dict[int, str] = {}
    for rule, row in found:
        rules.setdefault(row, rule)
    return rules


def open_lookup(
    con: duckdb.DuckDBPyConnection, table: str, identities: str, model: MatchModel, parameters: Parameters
) -> Lookup:
    """Read a golden set into memory.

    Args:
        con: a connection whose current catalog takes scratch tables; not needed any more afterwards.
        table: prepared records: `record_no`, `record_id` and the model's columns (`matching.prepare`).
        identities: relation of record_id and golden_id.
        model: the model.
        parameters: its numbers, as the run used them.

    Raises:
        SettingsError: a field is counted over the whole table (`at_most`), which one record cannot be.
    """
    counted = [name for name, field in model.fields.items() if field.at_most]
    if counted:
        raise SettingsError(f"model {model.party_type}: field '{counted[0]}' has 'at_most'; a lookup cannot count it")
    return Lookup(model, parameters, build_index(con, model, table, identities))


def open_lookup_of(settings: Settings, party_type: str) -> Lookup:
    """The golden set of the newest run.

    Raises:
        NotFoundError: the line was not run yet.
        SettingsError: the model file is wrong, or does not fit the trained model.
    """
    from matching.train import parameters_path  # Splink: not needed by a lookup itself

    model = line_model(settings, party_type)
    parameters = load_parameters(parameters_path(settings, party_type), model)
    table = f"match_prepared_{party_type}"
    nothing = NotFoundError(f"{table}: no linked {party_type} records yet; run the line first (mdm run)")
    if parameters is None or not settings.warehouse_path.exists():
        raise nothing
    with store.connect(settings, read_only=True) as con:
        if not store.table_exists(con, table):
            raise nothing
        con.execute("use memory")
        con.execute(
            "create view identity_now as select record_id, golden_id from warehouse.main.party_identity"
            " where valid_to is null"
        )
        return open_lookup(con, f"warehouse.main.{table}", "identity_now", model, parameters)
