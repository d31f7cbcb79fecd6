"""What a person calls: the backup commands that node and hub offer under their own names."""
