"""What an operator does with a hub: sites, erasures, retention, and the overview of who is stuck."""
