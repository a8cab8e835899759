"""Say how large tiles are: what a block reads at once, by 16 bytes a thread and access."""

TILE = 1024  # elements
LANES = 8  # elements a thread
THREADS = TILE // LANES
