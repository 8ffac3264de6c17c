"""The page of a report: its panels, tables and texts."""
