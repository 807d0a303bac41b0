with ref_code_map as (
    {{ code_map_rows() }}
)

select * from ref_code_map
