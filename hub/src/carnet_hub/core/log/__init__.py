"""The log, from the entry that admits a set to the rebuild that proves every table from it; feeds come from here."""
