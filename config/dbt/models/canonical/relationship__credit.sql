with guarantor as (
    select * from {{ ref('stg_credit__guarantor') }}
),

loan as (
    select * from {{ ref('stg_credit__loan') }}
),

relationship__credit as (
    select
        'credit' as source,
        'guarantor:' || guarantor.loan_no || ':' || cast(guarantor.sequence as varchar) as relationship_key,
        {{ record_id('credit', 'loan.applicant_no') }} as record_id,
        'guarantor' as relation_type,
        guarantor.name as related_name,
        guarantor.document_number as related_document_number,
        guarantor.mobile as related_mobile,
        loan.started_date as since
    from guarantor
    inner join loan on guarantor.loan_no = loan.loan_no
)

select * from relationship__credit
