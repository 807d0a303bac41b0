"""Print the DAG as JSON; run as a process of its own, because Airflow reads its configuration when imported."""

import json

from airflow.dag_processing.dagbag import DagBag

from warehouse.settings import ROOT

bag = DagBag(dag_folder=str(ROOT / "dags"))
dag = bag.dags["customer_mdm"]
print(
    json.dumps(
        {
            "dags": sorted(bag.dags),
            "errors": sorted(bag.import_errors),
            "tags": sorted(dag.tags),
            "doc": dag.doc_md,
            "max_active_runs": dag.max_active_runs,
            "catchup": dag.catchup,
            "schedule": dag.timetable.expression,
            "time_zone": str(dag.timetable.timezone),
            "order": [task.task_id for task in dag.topological_sort()],
            "downstream": {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks},
            "pools": {task.task_id: task.pool for task in dag.tasks},
            "owners": sorted({task.owner for task in dag.tasks}),
            "heavy": sorted(
                {"splink", "great_expectations", "presidio_analyzer", "dbt"} & set(__import__("sys").modules)
            ),
        }
    )
)
