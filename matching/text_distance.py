"""Edit distance and similarity of two texts exactly as DuckDB computes them: on the bytes of their UTF-8 form.

`damerau_levenshtein` is the unrestricted distance (a swapped pair may have letters between it), and a Chinese
character counts up to three slips. `jaro_winkler_similarity` gives a common beginning of at most four bytes a tenth of
what is missing each, and only above a similarity of 0.7.
"""

from __future__ import annotations

_BOOST, _BOOST_ABOVE, _BEGINNING = 0.1, 0.7, 4


def damerau_levenshtein(one: str, other: str) -> int:
    """Wrong, missing, added and swapped bytes between two texts (Lowrance and Wagner 1975)."""
    a, b = _without_common_ends(one.encode(), other.encode())
    if not a or not b:
        return len(a) + len(b)
    return _distance(a, b)


def is_one_slip(one: str, other: str) -> bool:
    """Whether `damerau_levenshtein` is 1: with the common ends gone, one byte is left, or two that are swapped."""
    a, b = _without_common_ends(one.encode(), other.encode())
    if len(a) == 2:
        return len(b) == 2 and a[0] == b[1] and a[1] == b[0]
    return len(a) <= 1 and len(b) <= 1 and len(a) + len(b) > 0


def _without_common_ends(a: bytes, b: bytes) -> tuple[bytes, bytes]:
    shorter = min(len(a), len(b))
    start = 0
    while start < shorter and a[start] == b[start]:
        start += 1
    end = 0
    while end < shorter - start and a[-1 - end] == b[-1 - end]:
        end += 1
    return a[start : len(a) - end], b[start : len(b) - end]


def _distance(a: bytes, b: bytes) -> int:
    most = len(a) + len(b)
    last_row: dict[int, int] = {}
    rows = [[most] * (len(b) + 2), [most, *range(len(b) + 1)]]
    for i, left in enumerate(a, start=1):
        before, row, last_match = rows[i], [most, i], 0
        for j, right in enumerate(b, start=1):
            k, m = last_row.get(right, 0), last_match
            cost = int(left != right)
            if not cost:
                last_match = j
            swapped = rows[k][m] + (i - k - 1) + 1 + (j - m - 1)
            row.append(min(before[j] + cost, row[j] + 1, before[j + 1] + 1, swapped))
        last_row[left] = i
        rows.append(row)
    return rows[-1][-1]


def jaro_winkler_similarity(one: str, other: str) -> float:
    """Between 0 (nothing in common) and 1 (equal)."""
    a, b = one.encode(), other.encode()
    similarity = _jaro(a, b)
    if similarity <= _BOOST_ABOVE:
        return similarity
    beginning = 0
    while beginning < min(len(a), len(b), _BEGINNING) and a[beginning] == b[beginning]:
        beginning += 1
    return similarity + beginning * _BOOST * (1.0 - similarity)


def _jaro(a: bytes, b: bytes) -> float:
    if not a or not b:
        return 0.0
    window = max(max(len(a), len(b)) // 2 - 1, 0)
    taken = [False] * len(b)
    matched: list[int] = []
    for i, byte in enumerate(a):
        for j in range(max(i - window, 0), min(i + window + 1, len(b))):
            if not taken[j] and b[j] == byte:
                taken[j] = True
                matched.append(byte)
                break
    if not matched:
        return 0.0
    counterpart = [byte for byte, is_taken in zip(b, taken, strict=True) if is_taken]
    swapped = sum(x != y for x, y in zip(matched, counterpart, strict=True)) // 2
    common = len(matched)
    return (common / len(a) + common / len(b) + (common - swapped) / common) / 3.0
