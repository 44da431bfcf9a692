"""Tables, maps and reports: drawings of what the floors below found out. Nothing here computes a flow."""
