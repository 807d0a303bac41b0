"""The ground floor: settings, errors, keys, the DuckDB store, the run ledger, publishing. Imports no other room."""
