"""The report of a run: one HTML file that opens offline."""

from recurra.report.build import write_report

__all__ = ["write_report"]
