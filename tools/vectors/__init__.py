"""What stands in tests/vectors: one function per file, each a list of valid or refused examples.

They share no code with the builders of the tests: a vector may not change because a test builder does. Everything
random is a function of a name (`names`), so the files are the same in every run.
"""
