"""The command `carnet-hub`: one module for each group of commands."""
