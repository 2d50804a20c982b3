"""The ground: index sets, relations, padding arithmetic, the op vocabulary and the graph.

Nothing here knows a framework, a question or a screen; the standard library and NumPy are enough.
"""
