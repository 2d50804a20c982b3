"""One machine reads every framework.

A front end captures a model or parses a file, reads attributes and maps names; everything else is
here, once: what a rule sees and answers (``values``, ``protocol``), how an answer enters the graph
(``emit``), what is computed of constants (``folding``), calls, branches and loops (``bodies``,
``scans``), free sizes (``free``), names, bounds, and the text for ops without a rule. No framework
is known here.
"""
