"""`python -m workers` is the `aiops` command, for the children of a running installation."""

from workers.cli import main

main()
