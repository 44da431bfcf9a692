"""Reading an article: figures with units, periods and the names of a case, proposed as claims.

Floor 5: it asks a text. :func:`keruen.reading.propose.propose` is the way in.
"""
