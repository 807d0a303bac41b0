"""From weights to verdicts: link, review or reject, with the rule that decided and what forbids a link."""

from __future__ import annotations

from collections.abc import Sequence

from matching.model import Comparison, Exclusive, Guard, MatchModel, StrongIdentifier


def judged_sql(model: MatchModel, scored: str) -> str:
    """Query that judges weighed pairs before any decision of a steward and before clusters are made.

    Adds to what is known of a pair (`matching.score.Scorer.weigh`), in place of the columns it is judged by:
    `conflict` (an exclusive value differs), `strong` (a strong identifier joins them), `guard` (a guard forbids an
    automatic link), `rest` (the weight without the conflicting comparison), `verdict`.

    Args:
        model: the rules.
        scored: a table, or a query in parentheses.
    """
    strong = " ".join(f"when {strong_sql(model, item)} then '{item.rule}'" for item in model.strong_identifiers)
    other = " ".join(f"when {_same_key(item)} then '{item.rule}'" for item in model.strong_identifiers)
    guards = " ".join(f"when {_guard(model, guard)} then '{guard.guard}'" for guard in model.guards)
    conflicts = " ".join(f"when {conflict_sql(item)} then '{item.conflict}'" for item in model.exclusive)
    sides = "".join(f', "{name}_{side}"' for name in model.judged_columns for side in "lr")
    return f"""
        select
            * exclude (shared_key, rule{sides}),
            {_rest(model)} as rest,
            case
                when strong is not null then strong
                when shared_key is not null then shared_key || '_other_name'
                when conflict is not null then 'conflict_' || conflict
                when match_weight >= {model.thresholds.link} and guard is not null then guard
                else rule
            end as rule,
            {_verdict(model)} as verdict
        from (
            select
                *, {_case(conflicts)} as conflict, {_case(strong)} as strong, {_case(other)} as shared_key,
                {_case(guards)} as guard
            from {scored}
        )
    """


def name_types(model: MatchModel) -> dict[str, str]:
    """SQL types of what judged pairs say by name: one byte in place of a text."""
    strong = [item.rule for item in model.strong_identifiers]
    conflicts = [item.conflict for item in model.exclusive]
    rules = [*(item.rule for item in model.blocking), *strong, *(item.guard for item in model.guards)]
    rules += [*(f"{rule}_other_name" for rule in strong), *(f"conflict_{name}" for name in conflicts)]
    listed = {
        "rule": [*rules, "all", "decision", "joined_before"],
        "strong": strong,
        "conflict": conflicts,
        "verdict": ["link", "review", "reject"],
    }
    return {name: _enum(values) for name, values in listed.items()}


def _enum(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in dict.fromkeys(names))
    return f"enum({shown or repr('none')})"


def class_columns(model: MatchModel) -> set[str]:
    """The columns that say which class an exclusive value is of."""
    return {item.within for item in model.exclusive if item.within}


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
    """When the two records of a pair hold different exclusive values."""
    differ = f'"{item.value}_l" <> "{item.value}_r"'
    if item.within is None:
        return differ
    classes = ""
    if item.classes is not None:
        listed = ", ".join(f"'{name}'" for name in item.classes)
        classes = f' and "{item.within}_l" in ({listed})'
    return f'{differ} and "{item.within}_l" = "{item.within}_r"{classes}'


def _same_key(item: StrongIdentifier) -> str:
    return f'"{item.key}_l" = "{item.key}_r"'


def strong_sql(model: MatchModel, item: StrongIdentifier) -> str:
    """When a strong identifier joins a pair, given the levels `gamma_…` of its comparisons."""
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
