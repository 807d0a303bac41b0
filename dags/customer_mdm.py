"""The Airflow DAG `customer_mdm`: the line of `pipeline.py`, and only wiring."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

from airflow.sdk import Param, XComArg, dag, get_current_context, task

sys.path.insert(
    0, str(Path(__file__).resolve().parent.parent)
)  # the project's rooms, whatever folder Airflow starts in

from dags import pipeline
from warehouse.settings import load_settings

SETTINGS = load_settings()
TIME_ZONE = ZoneInfo(SETTINGS.schedule.time_zone)

DOC = (
    f"""
### Customer master, one business day

From {len(pipeline.source_names(SETTINGS))} source systems to published golden customers.
Trigger with `{{"as_of": "2026-03-02"}}`; the schedule takes the day before the run (T+1).

| step | what it does |
|---|---|
| extract | Land each source's delivery, in parallel. |
"""
    + "\n".join(f"| {step.name} | {step.doc} |" for step in pipeline.STEPS)
    + """

#### Triage
- **extract is red**: that source could not deliver; its log says why in one line. The day goes on with its last good
  data, marked stale in `source_status`. Fix the delivery, clear the task and everything after it.
- **gate_golden or mask is red**: nothing was published; the last version stays. The log names rule and count.
- **release_gate is red**: too much would change, or a decision is not obeyed; the last version stays. Look with
  `mdm diff`, correct the cause, or have it approved (`mdm release approve`), then clear it and everything after it.
- **any other step is red**: clear it. Every step can run again and gives the same result.
- **"another process is writing"**: somebody runs `mdm run` by hand; wait, then clear.
- Who is called: the owner of this DAG. What readers see meanwhile: the last published version, whole.
"""
)


def _day() -> dt.date:
    context = get_current_context()
    asked = context["params"].get("as_of")
    if asked:
        return dt.date.fromisoformat(asked)
    return (context["dag_run"].run_after.astimezone(TIME_ZONE) - dt.timedelta(days=1)).date()


@dag(
    dag_id="customer_mdm",
    schedule=SETTINGS.schedule.cron,
    start_date=dt.datetime(2026, 1, 1, tzinfo=TIME_ZONE),
    catchup=False,
    max_active_runs=1,
    doc_md=DOC,
    tags=["impact/tier_1", "customer-mdm"],
    params={"as_of": Param(None, type=["null", "string"], format="date", description="business day")},
    default_args={"owner": "data-engineering", "retries": 0},
)
def customer_mdm() -> None:
    """Wire the steps: extracts side by side, then the line one after the other."""

    @task
    def start() -> str:
        from dags.runner import refuse_past_day
        from warehouse import ledger

        refuse_past_day(SETTINGS, _day())
        return ledger.start_run(SETTINGS, _day(), "airflow")

    @task(map_index_template="{{ source }}")
    def extract(source: str) -> dict[str, int]:
        from dags.airflow_task import extract_task

        return extract_task(SETTINGS, source, _day())

    def step_task(step: pipeline.Step, first: bool) -> XComArg:
        @task(
            task_id=step.name,
            pool=pipeline.WRITER_POOL if step.writes_warehouse else "default_pool",
            trigger_rule="all_done_min_one_success" if first else "all_success",
            doc_md=step.doc,
        )
        def run() -> dict[str, int]:
            from dags.airflow_task import step_task as run_one

            return run_one(SETTINGS, step.name, _day())

        return run()

    before = extract.expand(source=pipeline.source_names(SETTINGS))
    start() >> before
    for position, step in enumerate(pipeline.STEPS):
        after = step_task(step, first=position == 0)
        before >> after
        before = after


DAG_OBJECT = customer_mdm()
