"""The same problems written for other programs, each the way its users would write them."""
