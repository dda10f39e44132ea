"""Read CSV and JSON formats that a user describes in a YAML file, a mapping. See docs/formats/mapping.md.

A mapping is data: it names columns and values, and contains no code. `yamlfile` reads it, `schema` checks it, `rows`
and `build` read files with it, and `propose` writes one for a sample file.
"""
