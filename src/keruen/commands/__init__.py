"""The commands of the command line, a module for each family. Loaded when called, so that ``keruen --help`` stays quick."""
