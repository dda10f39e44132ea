"""Sentences for the errors of the server."""

import psycopg
from psycopg import errors

from stanchion.errors import StanchionError


def sentence(error: psycopg.Error | StanchionError) -> str:
    """Return the sentence that a command prints for an error."""
    return explain(error) if isinstance(error, psycopg.Error) else str(error)


def explain(error: psycopg.Error) -> str:
    """Return the message of the server, with a remedy where there is a known one."""
    message = error.diag.message_primary or str(error).strip().partition("\n")[0] or type(error).__name__
    message = message.rstrip(".")
    detail = error.diag.message_detail
    if isinstance(error, errors.InsufficientPrivilege):
        remedy = "Connect as a member of stanchion_owner, or as the role that deployed."
        return f"The server refused the statement: {message}. {remedy}"
    if isinstance(error, errors.DiskFull):
        return f"The disk of the server is full: {message}. The transaction was rolled back. Free space and try again."
    if isinstance(error, errors.LockNotAvailable):
        return f"Another session holds a lock for too long: {message}. Find it in pg_stat_activity, and try again."
    if isinstance(error, psycopg.OperationalError):
        return f"The connection was lost: {message}. The open transaction was rolled back; try again."
    if isinstance(error, errors.UniqueViolation):
        return f"It exists already: {detail or message}"
    return f"The server refused the statement: {message}.{f' {detail}' if detail else ''}"
