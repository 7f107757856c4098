"""`python -m sealink`: the `sealink` command."""

from sealink.cli.main import main

main()
