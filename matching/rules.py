"""What a comparison level may ask of two records, as SQL.

A rule takes column names and gives a condition over `<column>_l` and `<column>_r`. A null on either side makes every
condition null, and so never true: what is missing does not agree. Rules are named in `config/models/*.yml`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

Argument = str | int | float
Rule = Callable[..., str]


def same(column: str) -> str:
    """Equal values."""
    return f'"{column}_l" = "{column}_r"'


def differ(column: str) -> str:
    """Both known and unequal."""
    return f'"{column}_l" <> "{column}_r"'


def crossed(column: str, other: str) -> str:
    """One side's value equals the other side's value of another column (a former name, a second mobile)."""
    return f'("{column}_l" = "{other}_r" or "{other}_l" = "{column}_r")'


def overlap(column: str) -> str:
    """Two lists share an entry."""
    return f'list_has_any("{column}_l", "{column}_r")'


def listed(column: str, others: str) -> str:
    """One side's value stands in the other side's list."""
    return f'(list_contains("{others}_r", "{column}_l") or list_contains("{others}_l", "{column}_r"))'


def crossed_overlap(column: str, other: str) -> str:
    """One side's list shares an entry with the other side's list of another column."""
    return f'(list_has_any("{column}_l", "{other}_r") or list_has_any("{other}_l", "{column}_r"))'


def prefix(column: str, at_least: int) -> str:
    """One value is the beginning of the other and at least this long: a name cut off by a short column."""
    left, right = f'"{column}_l"', f'"{column}_r"'
    long_enough = f"least(length({left}), length({right})) >= {at_least}"
    return f"{long_enough} and (starts_with({left}, {right}) or starts_with({right}, {left}))"


def contained(column: str, at_least: int) -> str:
    """One value is part of the other and at least this long."""
    left, right = f'"{column}_l"', f'"{column}_r"'
    long_enough = f"least(length({left}), length({right})) >= {at_least}"
    return f"{long_enough} and (contains({left}, {right}) or contains({right}, {left}))"


def lost_character(column: str, pattern: str) -> str:
    """A value with lost characters fits the other value; what fits must be nearly as long."""

    def fits(side: str, other: str) -> str:
        near = f'abs(length("{column}_{side}") - length("{pattern}_{other}")) <= 1'
        return f'("{column}_{side}" like "{pattern}_{other}" and {near})'

    return f"({fits('l', 'r')} or {fits('r', 'l')})"


def _in_turn(first: str, second: str, last: str) -> str:
    """All three hold, each asked only where those before do: the parts of an `and` DuckDB asks in any order."""
    return f"(case when {first} then case when {second} then {last} else {second} end else {first} end)"


def _one_slip_maybe(left: str, right: str, otherwise: str) -> str:
    """Whether one slip may tell two texts apart, asked cheaply: of two of one size, a slip or a swap harms two signs.

    It harms more bytes where characters are wider. `otherwise` is what to ask of texts of different sizes.
    """
    few = f"hamming({left}, {right}) <= 2 * (strlen({left}) - length({left}) + 1)"
    return f"case when strlen({left}) = strlen({right}) then {few} else {otherwise} end"


def near_number(column: str) -> str:
    """One digit wrong, missing or swapped with its neighbour.

    The cheap question comes first: where the lengths differ, the first or the last third is unharmed.
    """
    left, right = f'"{column}_l"', f'"{column}_r"'
    third = f"greatest(length({left}) // 3, 2)"
    unharmed = f"(left({left}, {third}) = left({right}, {third}) or right({left}, {third}) = right({right}, {third}))"
    near = f"{left} <> {right} and abs(length({left}) - length({right})) <= 1 and length({left}) >= 6"
    return _in_turn(near, _one_slip_maybe(left, right, unharmed), f"damerau_levenshtein({left}, {right}) = 1")


def day_month_swapped(column: str) -> str:
    """Same year, day and month exchanged."""
    left, right = f'"{column}_l"', f'"{column}_r"'
    return (
        f"{left} <> {right} and year({left}) = year({right})"
        f" and month({left}) = day({right}) and day({left}) = month({right})"
    )


def near_date(column: str) -> str:
    """Two of year, month and day agree."""
    parts = [f'({part}("{column}_l") = {part}("{column}_r"))::int' for part in ("year", "month", "day")]
    return f"{differ(column)} and {' + '.join(parts)} = 2"


def similar(column: str, at_least: float) -> str:
    """Jaro-Winkler similarity of two Latin texts."""
    return f'jaro_winkler_similarity("{column}_l", "{column}_r") >= {at_least}'


def edits(column: str, at_most: int) -> str:
    """So many typing slips (wrong, missing, added, swapped character) between texts of at least four characters.

    A swap counts as two in the distance that is asked first, which is much cheaper.
    """
    left, right = f'"{column}_l"', f'"{column}_r"'
    near = f"abs(length({left}) - length({right})) <= {at_most} and least(length({left}), length({right})) >= 4"
    few = f"levenshtein({left}, {right}) <= {2 * at_most}"
    few = _one_slip_maybe(left, right, few) if at_most == 1 else few
    return _in_turn(near, few, f"damerau_levenshtein({left}, {right}) <= {at_most}")


def exchanged(column: str, other: str) -> str:
    """Two values stand in each other's place (given name and surname), one of them with slips at most."""
    nearly = [f'jaro_winkler_similarity("{column}_{a}", "{other}_{b}") >= 0.85' for a, b in (("l", "r"), ("r", "l"))]
    equal = [f'"{column}_{a}" = "{other}_{b}"' for a, b in (("l", "r"), ("r", "l"))]
    return f"(({equal[0]} and {nearly[1]}) or ({equal[1]} and {nearly[0]}))"


def initial(column: str) -> str:
    """One value is a single letter and the other begins with it."""
    left, right = f'"{column}_l"', f'"{column}_r"'
    return f"least(length({left}), length({right})) = 1 and left({left}, 1) = left({right}, 1)"


def agree(at_least: int, *columns: str) -> str:
    """So many of these columns are equal (year, month, day)."""
    counted = " + ".join(f'coalesce(("{column}_l" = "{column}_r")::int, 0)' for column in columns)
    return f"{counted} >= {at_least}"


def shared(column: str, at_least: int) -> str:
    """Two lists share so many entries."""
    return f'length(list_intersect("{column}_l", "{column}_r")) >= {at_least}'


def shared_part(column: str, at_least: float) -> str:
    """Two lists share so great a part of all their entries (Jaccard)."""
    both = f'length(list_intersect("{column}_l", "{column}_r"))'
    return f'{both} >= {at_least} * (length("{column}_l") + length("{column}_r") - {both})'


def inside(column: str, at_least: int) -> str:
    """Every entry of the shorter list stands in the longer one, and it has so many."""
    left, right = f'"{column}_l"', f'"{column}_r"'
    shorter = f"least(length({left}), length({right}))"
    return f"{shorter} >= {at_least} and length(list_intersect({left}, {right})) = {shorter}"


def words_alike(column: str, at_least: float) -> str:
    """Every word of the shorter list (of at least two) is like some word of the longer one.

    Alike is one less the part of the letters that slips would have to change: 0.8 for sahra and sarah, 0.44 for anna
    and annabelle, which a common beginning makes no typing slip of one another.
    """

    def covered(one: str, other: str) -> str:
        alike = "1 - damerau_levenshtein(a, b) / greatest(length(a), length(b))"
        best = f'list_max(list_transform("{column}_{other}", b -> {alike}))'
        return (
            f'(length("{column}_{one}") <= length("{column}_{other}") and length("{column}_{one}") >= 2'
            f' and list_min(list_transform("{column}_{one}", a -> {best})) >= {at_least})'
        )

    return f"({covered('l', 'r')} or {covered('r', 'l')})"


def within(column: str, at_most: float) -> str:
    """Numbers that differ by at most so much; dates by so many days."""
    return f'abs("{column}_l" - "{column}_r") <= {at_most}'


def within_part(column: str, at_most: float) -> str:
    """Numbers that differ by at most such a part of the greater one."""
    left, right = f'"{column}_l"', f'"{column}_r"'
    return f"abs({left} - {right}) <= {at_most} * greatest(abs({left}), abs({right}))"


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        same, differ, crossed, overlap, listed, crossed_overlap, prefix, contained, lost_character, near_number,
        day_month_swapped, near_date, similar, edits, exchanged, initial, agree, shared, shared_part, inside,
        words_alike, within, within_part,
    )
}  # fmt: skip


def _listed(given: Argument | Sequence[Argument]) -> Sequence[Argument]:
    return (given,) if isinstance(given, str | int | float) else given


def asked_columns(rules: Mapping[str, Argument | Sequence[Argument]]) -> list[str]:
    """The columns that these rules ask for, as often as they do."""
    return [argument for given in rules.values() for argument in _listed(given) if isinstance(argument, str)]


def condition(rules: Mapping[str, Argument | Sequence[Argument]]) -> str:
    """The condition that all these rules hold, each with its arguments."""
    parts = []
    for name, arguments in rules.items():
        parts.append(f"({RULES[name](*_listed(arguments))})")
    return " and ".join(parts)
