"""What is decided about backups: values in, values out."""
