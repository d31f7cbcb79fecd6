"""The front desk's pages, served on localhost or the dealer's own network."""
