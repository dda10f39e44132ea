"""The command line `stanchion`: main.py lists the commands, and each other module defines a group of them."""

DSN_HELP = (
    "Server, as a libpq URL or string (default: --profile, else DATABASE_URL, else PG*, else the embedded server)."
)
