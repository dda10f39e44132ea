"""Parts of the readers of the two NHL formats, which differ in spelling and have the same content."""
