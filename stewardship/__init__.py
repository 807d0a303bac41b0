"""The steward's decisions, tasks, audit, and the web page."""
