with record as (
    select * from {{ ref('int_party__record') }}
),

contact_change as (
    select *
    from {{ ref('contract_contact_change') }}
    where kind in ('mobile', 'address')
),

address as (
    select * from {{ ref('int_address__standardised') }}
),

record_point as (
    select
        record_id,
        'mobile' as kind,
        mobile as value
    from record
    union all
    select
        record_id,
        'mobile' as kind,
        mobile_second as value
    from record
    where mobile_second is distinct from mobile
    union all
    select
        record_id,
        'email' as kind,
        email as value
    from record
    union all
    select
        record_id,
        'address' as kind,
        address as value
    from record
),

numbered_change as (
    select
        record_id,
        kind,
        old_value,
        new_value,
        row_number() over (
            partition by record_id, kind order by handled_date desc, change_key desc, source desc
        ) as place
    from contact_change
),

changed_value as (
    select
        record_id,
        kind,
        old_value as raw_value,
        false as is_current
    from numbered_change
    union all
    select
        record_id,
        kind,
        new_value as raw_value,
        place = 1 as is_current
    from numbered_change
),

-- staging leaves values of a change as text of either kind
widened as (
    select
        changed_value.*,
        {{ half_width('raw_value') }} as wide_value
    from changed_value
),

read_value as (
    select
        widened.record_id,
        widened.kind,
        widened.is_current,
        case
            when widened.kind = 'address' then address.address
            else {{ mobile_national(phone_digits('widened.wide_value')) }}
        end as value
    from widened
    left join address on widened.raw_value = address.address_raw and widened.kind = 'address'
),

change_point as (
    select
        read_value.record_id,
        read_value.kind,
        read_value.value,
        bool_or(read_value.is_current) as is_current
    from read_value
    inner join record on read_value.record_id = record.record_id
    where
        read_value.kind = 'address'
        or ({{ mobile_holds('read_value.value') }} and not {{ mobile_is_filler('read_value.value') }})
    group by read_value.record_id, read_value.kind, read_value.value
),

int_party__contact_point as (
    select
        record_id,
        kind,
        value,
        true as is_current,
        'record' as origin
    from record_point
    where value is not null
    union all
    select
        change_point.record_id,
        change_point.kind,
        change_point.value,
        change_point.is_current,
        'info_change' as origin
    from change_point
    left join record_point
        on
            change_point.record_id = record_point.record_id
            and change_point.kind = record_point.kind
            and change_point.value = record_point.value
    where change_point.value is not null and record_point.record_id is null
)

select * from int_party__contact_point
order by record_id, kind, value
