with raw_info_change as (
    select *
    from {{ source('counter', 'info_change') }}
    where _deleted_as_of is null
),

code_map as (
    select *
    from {{ ref('ref_code_map') }}
    where source = 'counter'
),

stg_counter__info_change as (
    select
        {{ clean_code('raw_info_change.serial_no') }} as change_id,
        {{ clean_code('raw_info_change.cust_no') }} as customer_no,
        {{ clean_text('raw_info_change.name') }} as name,
        {{ mapped_code('raw_info_change.item', 'change_item_map.code') }} as item,
        {{ clean_text('raw_info_change.old_value') }} as old_value,
        {{ clean_text('raw_info_change.new_value') }} as new_value,
        {{ to_date('raw_info_change.handled_dt') }} as handled_date,
        {{ clean_code('raw_info_change.branch_no') }} as branch_code,
        raw_info_change._source_file,
        raw_info_change._row_number,
        raw_info_change._as_of,
        raw_info_change._delivery
    from raw_info_change
    left join code_map as change_item_map
        on
            change_item_map.code_set = 'change_item'
            and {{ clean_code('raw_info_change.item') }} = change_item_map.source_code
)

select * from stg_counter__info_change
