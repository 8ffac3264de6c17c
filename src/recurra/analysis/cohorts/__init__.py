"""Networks beside each other: how alike they are, and of which kinds there are."""
