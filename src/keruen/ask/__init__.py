"""The questions one can ask of a case."""
