"""``python -m privdom_kit`` is the command line."""

from privdom_kit.cli import main

main()
