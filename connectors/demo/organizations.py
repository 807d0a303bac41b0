"""The truth about organizations, and what core, credit and the business registry hold about them."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from connectors.demo import injectors_organization as injectors
from connectors.demo.columns import Table, choose, height, join, lookup, numbers, stack, take, texts
from connectors.demo.documents import draw_unique, organization_codes, registry_numbers, usccs, years_after
from connectors.demo.injecting import Batch, Injector
from connectors.demo.places import counties, county_codes, draw_branches, draw_counties, draw_details, regions
from connectors.demo.randomness import Day, chance, draw

_BRAND_1 = "宏鑫金华恒瑞盛隆兴泰丰润嘉佳德诚信永利顺通达美康源汇正中天龙凤楚汉襄荆江"
_BRAND_2 = "达源泰盛隆兴华丰润和诚信利顺通康成业升瑞祥宇海林峰阳光辉腾飞"
_INDUSTRIES = (
    ("商贸", "F51"), ("建筑工程", "E47"), ("农业科技", "A01"), ("物流", "G54"), ("餐饮管理", "H62"),
    ("机械制造", "C34"), ("食品", "C14"), ("汽车服务", "O81"), ("化工", "C26"), ("房地产开发", "K70"),
    ("电子科技", "C39"), ("服饰", "C18"), ("文化传媒", "R86"), ("粮油", "C13"), ("茶业", "A01"),
    ("装饰工程", "E50"), ("医药", "F51"), ("纺织", "C17"),
)  # fmt: skip
_FORMS = ("有限公司", "有限责任公司", "股份有限公司", "农民专业合作社", "经营部", "商行")
_FORM_WEIGHTS = np.array([50, 22, 4, 12, 7, 5.0])
_TYPES = ("有限责任公司", "有限责任公司", "股份有限公司", "农民专业合作社", "个体工商户", "个体工商户")
_USCC_KINDS = ("91", "91", "91", "93", "92", "92")
_NOT_CORE_SHARE = 0.75

ORGANIZATION_INJECTORS = (
    Injector("org_former_name", injectors.org_former_name, 0.6, ("core", "credit")),
    Injector("org_code_only", injectors.org_code_only, 0.15, ("core",)),
    Injector("org_code_only", injectors.org_code_only, 0.3, ("credit",)),
    Injector("registry_number_only", injectors.registry_number_only, 0.06, ("core", "credit")),
    Injector("org_name_variant", injectors.org_name_variant, 0.2, ("core", "credit")),
)
CODES = {
    "core": {injectors.USCC: "201", injectors.ORGANIZATION_CODE: "202", injectors.REGISTRY_NUMBER: "203"},
    "credit": {injectors.USCC: "U", injectors.ORGANIZATION_CODE: "O", injectors.REGISTRY_NUMBER: "R"},
}


def make_organizations(day: Day, size: int, before: Table | None) -> Table:
    """Organizations that become known on one day (see `people.make_people`)."""
    rng = day.stream("organizations")
    start = 0 if before is None else height(before)
    county = draw_counties(rng, size, 0.9)
    form = draw(rng, _FORM_WEIGHTS, size)
    organizations = {
        "number": np.arange(start, start + size), "county": county, "region": regions(county),
        "detail": draw_details(rng, county), "branch": draw_branches(rng, day.branches, county),
        "place": _places(rng, county), "form": lookup(_FORMS, form), "is_company": form < 3,
        "kind": lookup(_TYPES, form),
        "established": years_after(day.date, -rng.random(size) * 25) - 1,
        "trap": texts(None, size), "injected": np.zeros(size, dtype=np.uint64),
    }  # fmt: skip
    _name(organizations, rng, before)
    injectors.branch_company_trap(organizations, rng, injectors.RATES["branch_company_trap"])
    injectors.same_core_name_trap(organizations, rng, injectors.RATES["same_core_name_trap"])
    _number(organizations, rng, before, lookup(_USCC_KINDS, form))
    _describe(organizations, rng)
    return organizations


def _places(rng: Generator, county: np.ndarray) -> np.ndarray:
    """The region in the name: the city for districts, the county itself, or the province."""
    city = [above.split("省")[-1].split("自治区")[-1] for _, _, above in counties()]
    own = [c if name.endswith("区") else name for (_, name, _), c in zip(counties(), city, strict=True)]
    province = [above.split("省")[0] if "省" in above else c for (_, _, above), c in zip(counties(), city, strict=True)]
    return choose(chance(rng, len(county), 0.12), lookup(province, county), lookup(own, county))


def _name(organizations: Table, rng: Generator, before: Table | None) -> None:
    size = height(organizations)
    organizations["core_name"], organizations["industry"] = texts("", size), texts("", size)
    organizations["industry_code"] = texts("", size)
    rows = np.arange(size)
    taken = np.array([] if before is None else before["name"], dtype=object)
    organizations["name"] = texts("", size)
    while len(rows):
        organizations["core_name"][rows] = _brands(rng, len(rows))
        industry = rng.integers(0, len(_INDUSTRIES), len(rows))
        organizations["industry"][rows] = lookup([name for name, _ in _INDUSTRIES], industry)
        organizations["industry_code"][rows] = lookup([code for _, code in _INDUSTRIES], industry)
        organizations["name"][rows] = injectors.full_names(organizations, rows)
        _, first = np.unique(organizations["name"].astype(str), return_index=True)
        again = np.setdiff1d(np.arange(size), first)
        rows = np.union1d(again, np.flatnonzero(np.isin(organizations["name"].astype(str), taken.astype(str))))
    older = organizations.copy()
    older["core_name"] = _brands(rng, size)
    renamed = chance(rng, size, 0.06) & organizations["is_company"]
    organizations["former_name"] = choose(renamed, injectors.full_names(older, np.arange(size)), None)


def _brands(rng: Generator, size: int) -> np.ndarray:
    return join(
        lookup(_BRAND_1, rng.integers(0, len(_BRAND_1), size)), lookup(_BRAND_2, rng.integers(0, len(_BRAND_2), size))
    )


def _number(organizations: Table, rng: Generator, before: Table | None, kind: np.ndarray) -> None:
    size = height(organizations)
    region = county_codes(organizations["county"])

    def redraw(rows: np.ndarray) -> np.ndarray:
        return rng.integers(10_000_000, 99_999_999, len(rows))

    taken = np.zeros(0, dtype=np.int64) if before is None else before["code_body"]
    organizations["code_body"] = draw_unique(rng, taken, redraw(np.arange(size)), redraw)
    organizations["code"] = organization_codes(organizations["code_body"])
    organizations["uscc"] = usccs(kind, region, organizations["code"])
    # the running number makes it unique
    body = organizations["number"] * 10 + rng.integers(0, 10, size)
    organizations["registry_number"] = registry_numbers(region, body)


def _describe(organizations: Table, rng: Generator) -> None:
    size = height(organizations)
    area = choose(organizations["branch"].astype("U3") == "802", "0724-", "0710-")
    organizations["tel"] = join(area, numbers(rng.integers(3_000_000, 3_999_999, size)))
    organizations["capital"] = rng.choice(np.array([10, 50, 100, 200, 500, 1000, 3000]), size) * 10_000
    organizations["status"] = lookup(("存续", "注销", "吊销"), draw(rng, np.array([94, 4, 2.0]), size))


def appoint(day: Day, organizations: Table, people: Table, rows: np.ndarray) -> None:
    """Give organizations a legal representative among the adults the bank knows."""
    rng = day.stream("legal representatives")
    adults = np.flatnonzero(people["birth"] < np.datetime64("2000-01-01"))
    if "legal_person" not in organizations:
        organizations["legal_person"] = np.zeros(height(organizations), dtype=np.int64)
    organizations["legal_person"][rows] = adults[rng.integers(0, len(adults), len(rows))]


def make_organization_records(
    day: Day,
    source: str,
    organizations: Table,
    people: Table,
    rows: np.ndarray,
    first_number: int,
) -> Table:
    """Records of these organizations in core or credit."""  # fmt: skip
    rng = day.stream(f"organization records/{source}")
    rows = rng.permutation(rows)
    records = take(organizations, rows, ("name", "region", "detail", "branch", "tel"))
    size = len(rows)
    records["person"] = rows  # `Batch.true` reads the truth of this row
    legal = organizations["legal_person"][rows]
    records["document_type"], records["document"] = texts(injectors.USCC, size), organizations["uscc"][rows]
    records["legal_name"], records["mobile"] = people["name"][legal], numbers(people["mobile"][legal])
    records["key"] = join("2" if source == "core" else "E", numbers(np.arange(first_number, first_number + size), 9))
    records["injected"] = organizations["injected"][rows].copy()
    span = 0 if day.number else rng.random(size) * 15
    records["opened"] = years_after(day.date, -np.broadcast_to(span, size)) - (1 if day.is_first else 0)
    records["updated"] = records["opened"].astype("datetime64[s]") + rng.integers(30000, 60000, size).astype(
        "timedelta64[s]"
    )
    for injector in ORGANIZATION_INJECTORS:
        if source in injector.sources:
            injector.apply(Batch(source, records, organizations, day.stream(f"{source}/{injector.name}")))
    return records


def choose_organization_members(day: Day, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Organizations known to core, credit and the registry; each to one at least."""
    rng = day.stream("organization members")
    core, credit = chance(rng, len(rows), _NOT_CORE_SHARE), chance(rng, len(rows), 0.4)
    registry = chance(rng, len(rows), 0.9) | ~(core | credit)
    return {"core": rows[core], "credit": rows[credit], "registry": rows[registry]}


def grow(organizations: Table | None, new: Table) -> Table:
    """Stack newcomers below; they have no legal representative yet."""
    new["legal_person"] = np.zeros(height(new), dtype=np.int64)
    return stack(organizations, new)
