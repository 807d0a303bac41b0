"""Great Expectations suites as data, the gates, and quarantine."""
