"""Recall campaigns: plans, dossiers, lists for nodes, owners told, and the reports to authorities."""
