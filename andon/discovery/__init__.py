"""A first catalog out of what has arrived: ``andon discover``.

``seen.py`` asks the store which sorts of signals there are and how the values in their fields look; ``keys.py`` finds the fields that name
the same things; ``graph.py`` says which keys belong to one flow; ``flows.py`` follows transactions along these and puts their milestones in
order; ``facts.py`` and ``sources.py`` add what else a catalog names; ``written.py`` writes it as YAML, with how often each was seen as
comments. The work on signals is done in SQL, on a sample.

No value of a signal is ever printed: of a field, counts and the shape of its values; of the text of log records, the words that many have
in common, without those with digits, those in quotes, long ones, and those behind words such as ``password`` or ``token``.
"""
