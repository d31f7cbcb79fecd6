"""A dealer's database of ten years, and how fast its desk is: `make bench-desk`."""
