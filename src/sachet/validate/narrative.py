"""Whether a narrative is XHTML that is safe to show (https://hl7.org/fhir/narrative.html#xhtml)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.parsers import expat

_XHTML = "http://www.w3.org/1999/xhtml"
_ELEMENTS = frozenset(
    """a abbr acronym address area b bdo big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 h3
    h4 h5 h6 hr i img kbd li map ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt ul
    var""".split()
)
_ATTRIBUTES = frozenset(
    """abbr accesskey align axis char charoff class colspan dir headers id idref lang rowspan scope span style tabindex
    title valign width xml:lang""".split()
)
_OF_ELEMENT = {
    "a": {"charset", "coords", "href", "hreflang", "name", "rel", "rev", "shape", "target", "type"},
    "area": {"alt", "coords", "href", "nohref", "shape"},
    "blockquote": {"cite"},
    "img": {"alt", "border", "height", "ismap", "longdesc", "src", "usemap"},
    "map": {"name"},
    "pre": {"space"},
    "q": {"cite"},
    "table": {"border", "cellpadding", "cellspacing", "frame", "rules", "summary"},
}
_LINKS = ("href", "src", "cite", "longdesc")
_RUNS = re.compile(r"(javascript|vbscript|data:text)", re.IGNORECASE)
_IGNORED = re.compile(r"[\s\x00-\x1f]+")  # by browsers, in a link
_DEEPEST = 256


def faults(div: str) -> Iterator[str]:
    """What is wrong with a narrative's `div`, the first few things; nothing where it is well."""
    reader = _Reader()
    try:
        reader.parser.Parse(div.encode("utf-8", "replace"), True)
    except expat.ExpatError as e:
        reader.found.append(f"no well-formed XHTML: {expat.ErrorString(e.code)} at character {e.offset + 1}")
    except _StopError:
        pass
    else:
        if not reader.words:
            reader.found.append("a narrative without words or pictures")
    yield from dict.fromkeys(reader.found)


class _StopError(Exception):
    """Nothing more is to be read."""


class _Reader:
    def __init__(self) -> None:
        self.found: list[str] = []
        self.words = False
        self._open: list[str] = []
        self.parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.namespace_prefixes = False
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._doctype
        parser.ProcessingInstructionHandler = self._instruction

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, element = name.rpartition(" ")
        if not self._open and element != "div":
            self._stop(f"the narrative is a <{element}>: it has to be one <div>")
        if namespace != _XHTML:
            self._stop(f'<{element}> is not XHTML: write <div xmlns="{_XHTML}">')
        if len(self._open) > _DEEPEST:
            self._stop(f"elements more than {_DEEPEST} deep")
        self._open.append(element)
        if element not in _ELEMENTS:
            self.found.append(f"<{element}> may not be in a narrative")
        elif element == "img":
            self.words = True
        for attribute, value in attributes.items() if attributes else ():
            self._attribute(element, attribute.replace("http://www.w3.org/XML/1998/namespace ", "xml:"), value)

    def _attribute(self, element: str, attribute: str, value: str) -> None:
        if attribute not in _ATTRIBUTES and attribute not in _OF_ELEMENT.get(element, ()):
            self.found.append(f"{attribute!r} of <{element}> may not be in a narrative")
        elif attribute in _LINKS and _RUNS.match(_IGNORED.sub("", value)):
            self.found.append(f"the {attribute} of <{element}> runs something: {value[:40]!r}")

    def _end(self, _: str) -> None:
        self._open.pop()

    def _characters(self, words: str) -> None:
        self.words = self.words or bool(words.strip())

    def _doctype(self, *_: object) -> None:
        self._stop("a document type declaration may not be in a narrative")

    def _instruction(self, target: str, _: str) -> None:
        self._stop(f"a processing instruction ({target}) may not be in a narrative")

    def _stop(self, message: str) -> None:
        self.found.append(message)
        raise _StopError
