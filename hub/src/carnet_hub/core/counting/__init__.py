"""How far a recall has come: the state of each car in each campaign, and the sums that are kept beside it."""
