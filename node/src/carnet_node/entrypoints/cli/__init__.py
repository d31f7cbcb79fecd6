"""The command `carnet-node`: one module for each group of commands."""
