"""Codes, units and the tables that they are looked up in."""
