"""Campaigns against what recurra promises when work is cut off: `python -m tests.campaign --minutes 60`."""
