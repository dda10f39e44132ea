"""Database logins: made without sending a password, dropped with their connections."""

from psycopg import sql

from etl.database import Connection


def create_login(conn: Connection, login: str, password: str, role: str) -> None:
    # the verifier and not the password is sent, so that no log of statements has it
    verifier = conn.pgconn.encrypt_password(password.encode(), login.encode(), b"scram-sha-256").decode()
    conn.execute(
        sql.SQL("create role {} login nosuperuser nocreatedb nocreaterole password {} in role {}").format(
            sql.Identifier(login), sql.Literal(verifier), sql.Identifier(role)
        )
    )


def drop_login(conn: Connection, login: str) -> None:
    conn.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", [login])
    conn.execute(sql.SQL("drop role {}").format(sql.Identifier(login)))
