"""Who is who: comparable features of customers, matching, and clusters that can be undone. Pure functions."""
