"""The demo bank: eight source systems in the forms banks really deliver, with known errors and a known truth."""
