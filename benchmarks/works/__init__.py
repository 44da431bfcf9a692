"""What the cells measure, by section."""
