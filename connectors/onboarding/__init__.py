"""Bringing a new source in without code: look at it, propose, write files a person edits, check."""
