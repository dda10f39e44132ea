-- Notes which project made the views that there are.
select core.close_window('staging.views', null, %(project)s)
