"""Findings as people and machines want them: chosen, excused, mended and shown."""
