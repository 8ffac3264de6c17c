"""The report of a run: one HTML file that opens offline."""

from recurra.report.page.build import write_report

__all__ = ["write_report"]
