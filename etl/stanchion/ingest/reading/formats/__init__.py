"""What kinds of files there are. A new format is one new file in this folder.

Such a file has a FORMATS tuple; see Format in etl/stanchion/ingest/reading/recognise.py for what is in it.
"""
