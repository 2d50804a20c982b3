"""A part of the input against the whole: which of their results are the same."""
