"""The people at the desk: who they are, how they prove it, and who looked at what."""
