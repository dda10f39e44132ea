"""The supported formats, one file each. To add a format, add a file to this folder.

The file must define FORMATS, a tuple of Format objects (see etl/stanchion/ingest/reading/recognise.py).
"""
