"""What is said of a record, once, for the terminal, the page and the figures."""
