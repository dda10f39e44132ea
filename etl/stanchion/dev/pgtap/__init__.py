"""pgTAP files (*.test.sql) run from Python: no psql, no Perl, any server that psycopg reaches."""
