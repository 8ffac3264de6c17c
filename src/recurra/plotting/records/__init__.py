"""One record on one pair of axes: what `rc.plot` draws."""
