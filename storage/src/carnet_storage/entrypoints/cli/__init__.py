"""Commands, and the form of what commands show."""
