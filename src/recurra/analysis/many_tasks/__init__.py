"""What a network does in each of its tasks, and what the tasks share."""
