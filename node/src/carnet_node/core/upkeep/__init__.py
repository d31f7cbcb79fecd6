"""Care for the machine: what could be wrong, what it holds and how long, and a database out of a backup."""
