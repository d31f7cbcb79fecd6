"""Nodes at the door, by line or stick: enrolment, hello, pushes, offers, bundles, and whose keys count no more."""
