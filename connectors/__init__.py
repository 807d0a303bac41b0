"""From source systems to immutable raw Parquet with a manifest; `connectors.demo` is the demo bank."""
