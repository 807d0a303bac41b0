with source_record as (
    select * from {{ ref('int_party__source_record') }}
),

-- staging has put all digits in half width
national as (
    select
        record_id,
        mobile as mobile_raw,
        phone as phone_raw,
        email as email_raw,
        {{ mobile_national(phone_digits('mobile')) }} as first_number,
        {{ mobile_national(phone_digits('mobile_second')) }} as second_number,
        {{ mobile_national(phone_digits('phone')) }} as phone_number
    from source_record
),

judged as (
    select
        national.*,
        {{ mobile_holds('first_number') }} and not {{ mobile_is_filler('first_number') }} as has_first,
        {{ mobile_holds('second_number') }} and not {{ mobile_is_filler('second_number') }} as has_second,
        {{ mobile_holds('phone_number') }} and not {{ mobile_is_filler('phone_number') }} as has_phone_mobile,
        {{ landline('phone_raw') }} as landline,
        {{ landline('mobile_raw') }} as landline_in_mobile,
        {{ email_address('email_raw') }} as email
    from national
),

-- a mobile in the landline's field counts as mobile, a landline in the mobile's field as landline
int_party__contact_standardised as (
    select
        record_id,
        case when has_first then first_number when has_phone_mobile then phone_number end as mobile,
        case
            when mobile_raw is null or has_first then null
            when {{ mobile_is_filler('first_number') }} then 'filler'
            when landline_in_mobile is not null then 'landline'
            else 'bad_format'
        end as mobile_issue,
        case
            when has_second then second_number
            when has_first and has_phone_mobile and first_number != phone_number then phone_number
        end as mobile_second,
        coalesce(landline, landline_in_mobile) as phone,
        case
            when phone_raw is null or landline is not null then null
            when has_phone_mobile then 'mobile'
            when {{ landline_is_filler('phone_raw') }} or {{ mobile_is_filler('phone_number') }} then 'filler'
            else 'bad_format'
        end as phone_issue,
        email,
        case
            when email_raw is null or email is not null then null
            when {{ email_is_filler('email_raw') }} then 'filler'
            else 'bad_format'
        end as email_issue
    from judged
)

select * from int_party__contact_standardised
