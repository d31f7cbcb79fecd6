"""Lists out and a former system in: columns, rows, reasons, and one import from first row to last."""
