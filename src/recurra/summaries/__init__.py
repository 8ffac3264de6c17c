"""What a record shows of itself: a few lines in a terminal, a table with small pictures in a notebook."""
