"""The hub's side of its ports: the only modules that touch disk, network, clock, randomness and threads."""
