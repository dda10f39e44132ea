-- What was validated is taken back with the constraint.
select 1;
