"""Admission, resolution, the customer master and recall reports, as functions from values to values.

No module below this one knows a database, a network, a clock or a source of randomness; import contracts hold that.
"""
