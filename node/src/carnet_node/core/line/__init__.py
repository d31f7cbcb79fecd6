"""Everything that crosses to the hub and back: enrolment, rounds, pages, recall lists and sticks."""
