"""The memories of a flip-flop: which are held and for how long, and where they lie."""
