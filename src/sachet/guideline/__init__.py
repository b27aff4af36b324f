"""The clinical model and the grammars that read it."""
