"""Folders, and other people's formats, to and from a Case."""
