"""What one transaction knows and decides about change sets and their records, in memory until it is written."""
