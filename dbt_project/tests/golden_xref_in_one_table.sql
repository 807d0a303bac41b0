-- Every customer of the cross-reference has exactly one golden record, in exactly one of the two tables.
with xref as (
    select distinct golden_id from {{ ref('golden_xref') }}
),

records as (
    select golden_id from {{ ref('golden_person') }}
    union all
    select golden_id from {{ ref('golden_organization') }}
),

matched as (
    select
        coalesce(xref.golden_id, records.golden_id) as golden_id,
        count(records.golden_id) as records_count,
        count(xref.golden_id) as references_count
    from xref
    full outer join records on xref.golden_id = records.golden_id
    group by coalesce(xref.golden_id, records.golden_id)
)

select golden_id
from matched
where records_count <> 1 or references_count <> 1
