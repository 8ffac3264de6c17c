"""The command line: commands, one file per family, and their output."""

from recurra.cli.app import main

__all__ = ["main"]
