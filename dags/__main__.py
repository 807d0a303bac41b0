"""`python -m dags` is `mdm`."""

from dags.cli import main

main()
