"""Comments for sachet in a document: they are for its checks, and no words of the guidance.

`<!-- sachet: ignore DOS101 reason -->` in the text, `# sachet: ignore ICD102 reason` in the front matter; `ignore-file`
for the whole document.
"""

from __future__ import annotations

import re

_SAID = r"sachet:\s*ignore(?P<whole>-file)?\s+(?P<said>[^\n]*?)"
COMMENT = re.compile(rf"<!--\s*{_SAID}\s*-->")
YAML_COMMENT = re.compile(rf"(?:^|(?<=\s))#\s*{_SAID}\s*$")


def without(text: str) -> str:
    """A text with blanks in the place of its comments, so that all else stays where it is."""
    return COMMENT.sub(lambda m: " " * len(m[0]), text) if "sachet:" in text else text
