"""The script of a report's page: it draws figures when they are reached, and lets networks be chosen."""
