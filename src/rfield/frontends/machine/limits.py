"""The bounds of reading a model, each with its reason. A file cannot ask for more than these."""

from __future__ import annotations

CONTENTS = 1 << 16
"""Elements of a constant that is looked into. Index tables, masks and shape arithmetic are smaller;
weights are larger, and nothing depends on their numbers."""

FEW = 64
"""Floats of a tensor in the file that are computed with: bounds, scales. More are weights, of which
nothing is made that tells a position."""

COMPUTED = 1 << 22
"""Elements of a constant that is computed: the positions or the mask of an attention over 2,048."""

COMPUTED_IN_ALL = 1 << 30
"""Elements of all constants that one model has computed: some seconds."""

MASK = 1 << 24
"""Elements of a constant that is known to be zero or minus infinity somewhere: the mask of an
attention over 4,096 positions."""

TURNS = 4096
"""Turns of a loop that are written out. A recurrence over a second of frames fits; a loop over
every sample would make a graph that no question finishes."""

WRITTEN_OUT = 50_000
"""Nodes that one loop may be written out to; more take longer than its bound is worth."""

DEEPEST = 60
"""Calls inside calls. Exporters nest by modules, about ten deep; a file that calls itself ends here
before Python's own stack does."""

EXTRA = 500_000
"""Nodes that a graph may have beyond those of its file, functions and loops written out."""

OUTPUTS = 64
"""Outputs given to an op of which nobody knows how many it has."""

AXES = 64
"""Axes of a tensor. NumPy stops there, and no framework goes further."""
