"""What the desk reads: one record, one car, one customer, one day, and the state of the sync."""
