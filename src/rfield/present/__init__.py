"""Reports: what was found out, as one typed tree, and every form in which it can be written.

``report`` is the tree; ``summary``, ``field``, ``align``, ``support``, ``influence``, ``explain``,
``verify``, ``article`` and ``chain`` fill it from results; ``text``, ``terminal``, ``markdown`` and
``records`` (CSV, JSON) write it, and ``writing`` chooses among them; ``plot`` draws. A new form is
one more module that reads the tree; a new question is one more module that fills it.
"""
