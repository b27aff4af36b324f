"""What a named person says of a step: suggestions of what it could become, and what was accepted."""
