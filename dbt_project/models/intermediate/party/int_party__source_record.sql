{%- set columns -%}
    record_id, source, source_key, party_type, branch_code, name, former_name, latin_name, document_type,
    document_number, document_expiry, birth_date, sex, nationality, mobile, mobile_second, phone, email, address,
    employer, occupation, spouse_name, spouse_document_number, registry_number, legal_representative_name,
    is_verified, opened_date, updated_at
{%- endset -%}

with core as (
    select * from {{ ref('int_party__core') }}
),

credit as (
    select * from {{ ref('int_party__credit') }}
),

wealth as (
    select * from {{ ref('int_party__wealth') }}
),

card as (
    select * from {{ ref('int_party__card') }}
),

ebank as (
    select * from {{ ref('int_party__ebank') }}
),

call as (
    select * from {{ ref('int_party__call') }}
),

registry as (
    select * from {{ ref('int_party__registry') }}
),

int_party__source_record as (
    select {{ columns }}
    from core
    union all
    select {{ columns }}
    from credit
    union all
    select {{ columns }}
    from wealth
    union all
    select {{ columns }}
    from card
    union all
    select {{ columns }}
    from ebank
    union all
    select {{ columns }}
    from call
    union all
    select {{ columns }}
    from registry
)

select * from int_party__source_record
