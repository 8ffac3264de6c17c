"""The command line: commands, one file a family, and what they show."""

from recurra.cli.app import main

__all__ = ["main"]
