with shareholder as (
    select * from {{ ref('stg_registry__shareholder') }}
),

-- 25 % or more, held directly (PBoC and SAMR Order [2024] No. 3); shares held through others are not multiplied here
relationship__registry as (
    select
        'registry' as source,
        'holder:' || uscc || ':' || cast(_row_number as varchar) as relationship_key,
        {{ record_id('registry', 'uscc') }} as record_id,
        'beneficial_owner' as relation_type,
        holder_name as related_name,
        share_ratio
    from shareholder
    where holder_type = 'person' and share_ratio >= 0.25
)

select * from relationship__registry
