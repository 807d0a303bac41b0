with renewal as (
    select * from {{ ref('stg_counter__identity_renewal') }}
),

document_renewal__counter as (
    select
        'counter' as source,
        renewal_id as renewal_key,
        document_type,
        old_document_number,
        new_document_number,
        new_expiry,
        handled_date,
        {{ record_id('core', 'customer_no') }} as record_id
    from renewal
)

select * from document_renewal__counter
