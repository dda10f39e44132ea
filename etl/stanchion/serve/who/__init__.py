"""Who sends a request: a person with a token, a program with an API key, or anybody on the host name of a tenant."""
