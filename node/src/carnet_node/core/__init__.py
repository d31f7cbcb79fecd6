"""What a front desk may do and what syncing means, as functions from values to values.

No module below this one knows a database, a network, a clock or a source of randomness; import contracts hold that.
"""
