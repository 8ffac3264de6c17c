"""A network to play with, in the browser: what a page needs of a network, and the module that plays it."""
