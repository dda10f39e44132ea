-- What there is to read: our relations with their columns; of the partitions of a table the first three.
with candidate as (
    select
        r.name,
        r.relation,
        row_number() over (partition by i.inhparent order by r.name) as nth,
        r.kind
    from core.own_relation as r
    left join pg_inherits as i on i.inhrelid = r.relation
)

select
    c.name,
    array(
        select a.attname::text
        from pg_attribute as a
        where a.attrelid = c.relation and a.attnum > 0 and not a.attisdropped
    ) as columns
from candidate as c
where c.kind <> 'partition' or c.nth <= 3
order by c.name
