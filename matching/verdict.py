"""From weights to verdicts: link, review or reject, with the rule that decided and what forbids a link."""

from __future__ import annotations

import duckdb

from matching.model import Comparison, Exclusive, Guard, MatchModel, StrongIdentifier


def judge(con: duckdb.DuckDBPyConnection, model: MatchModel, table: str, scored: str, target: str) -> None:
    """Judge weighed pairs before any decision of a steward and before clusters are made.

    Adds to the columns of `scored`, a table or a query in parentheses: `conflict` (an exclusive value differs),
    `strong` (a strong identifier joins them), `guard` (a guard forbids an automatic link), `rest` (the weight without
    the conflicting comparison), `verdict`.
    """
    strong = " ".join(f"when {strong_sql(model, item)} then '{item.rule}'" for item in model.strong_identifiers)
    other = " ".join(f"when {_same_key(item)} then '{item.rule}'" for item in model.strong_identifiers)
    guards = " ".join(f"when {_guard(model, guard)} then '{guard.guard}'" for guard in model.guards)
    conflicts = " ".join(f"when {conflict_sql(item)} then '{item.conflict}'" for item in model.exclusive)
    con.execute(
        f"""
        create or replace table {target} as
        with known as (
            select
                scored.*,
                {_case(conflicts)} as conflict, {_case(strong)} as strong, {_case(other)} as shared_key,
                {_case(guards)} as guard
            from {scored} as scored
            join {table} as l on l.record_no = scored.record_no_l
            join {table} as r on r.record_no = scored.record_no_r
        )
        select
            * exclude (shared_key, rule),
            {_rest(model)} as rest,
            case
                when strong is not null then strong
                when shared_key is not null then shared_key || '_other_name'
                when conflict is not null then 'conflict_' || conflict
                when match_weight >= {model.thresholds.link} and guard is not null then guard
                else rule
            end as rule,
            {_verdict(model)} as verdict
        from known
        """
    )


def _case(whens: str) -> str:
    return f"case {whens} end" if whens else "null::varchar"


def _verdict(model: MatchModel) -> str:
    thresholds = model.thresholds
    return f"""
        case
            when conflict is not null then
                case when {_rest(model)} >= {thresholds.conflict_review} then 'review' else 'reject' end
            when strong is not null then 'link'
            when shared_key is not null then 'review'
            when match_weight >= {thresholds.link} and guard is null then 'link'
            when match_weight >= {thresholds.review} then 'review'
            else 'reject'
        end
    """


def _rest(model: MatchModel) -> str:
    """The weight of everything but the comparison that bears the name of the pair's conflict, prior included."""
    compared = {item.comparison for item in model.comparisons}
    named = [item.conflict for item in model.exclusive if item.conflict in compared]
    whens = " ".join(f"when '{name}' then \"weight_{name}\"" for name in named)
    return f"match_weight - case conflict {whens} else 0 end" if named else "match_weight"


def conflict_sql(item: Exclusive) -> str:
    """When two prepared records `l` and `r` hold different exclusive values."""
    differ = f'l."{item.value}" <> r."{item.value}"'
    if item.within is None:
        return differ
    classes = ""
    if item.classes is not None:
        listed = ", ".join(f"'{name}'" for name in item.classes)
        classes = f' and l."{item.within}" in ({listed})'
    return f'{differ} and l."{item.within}" = r."{item.within}"{classes}'


def _same_key(item: StrongIdentifier) -> str:
    return f'l."{item.key}" = r."{item.key}"'


def strong_sql(model: MatchModel, item: StrongIdentifier) -> str:
    """When a strong identifier joins `l` and `r`, given the levels `gamma_…` of its comparisons."""
    alternatives = [
        " and ".join(_at_levels(model.comparison(name), levels) for name, levels in alternative.items())
        for alternative in item.needs
    ]
    return f"{_same_key(item)} and (({') or ('.join(alternatives)}))"


def _at_levels(item: Comparison, levels: list[str]) -> str:
    codes = ", ".join(str(item.code(level)) for level in levels)
    return f'"gamma_{item.comparison}" in ({codes})'


def _guard(model: MatchModel, guard: Guard) -> str:
    lifted = [f"not ({_at_levels(model.comparison(name), levels)})" for name, levels in guard.unless.items()]
    return " and ".join([f"({_guarded(model, guard)})", *lifted])


def _guarded(model: MatchModel, guard: Guard) -> str:
    if guard.comparison:
        return _at_levels(model.comparison(guard.comparison), guard.levels or [])
    outside = [item for item in model.comparisons if item.comparison not in (guard.only or [])]
    return " and ".join(f'not ("gamma_{item.comparison}" > 0 and "weight_{item.comparison}" > 0)' for item in outside)
