"""The formats of exported files. Each module writes the rows of a mart and returns their number."""
