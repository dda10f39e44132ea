"""Run pgTAP files (*.test.sql) from Python, without psql and Perl, on any server that psycopg can reach."""
