"""Which projects are worth it, in which order, and which keep a country trading: the parts behind :func:`keruen.invest`."""
