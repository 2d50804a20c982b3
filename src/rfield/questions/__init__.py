"""The public questions, a room for each kind: load what is given, then ask.

Every function takes a source or a graph first, then what it is about (an index, a size, an image),
then the layer; the rest by name. What is not its own goes to ``load``.
"""
