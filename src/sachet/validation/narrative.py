"""Whether a narrative is XHTML that is safe to show (https://hl7.org/fhir/narrative.html#xhtml)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING
from xml.parsers import expat

from sachet.fhir.shapes import Slot
from sachet.validation.element import Held, Resource

if TYPE_CHECKING:
    from sachet.validation.walk import Walk

_XHTML = "http://www.w3.org/1999/xhtml"
_XML = "http://www.w3.org/XML/1998/namespace"
_ELEMENTS = frozenset(
    """a abbr acronym address area b bdo big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 h3
    h4 h5 h6 hr i img kbd li map ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt ul
    var""".split()
)
_ATTRIBUTES = frozenset(
    """abbr accesskey align axis char charoff class colspan dir headers id lang rowspan scope span style tabindex title
    valign width xml:lang xml:space""".split()
)
_OF_ELEMENT: Mapping[str, set[str]] = {
    "a": {"charset", "coords", "href", "hreflang", "name", "rel", "rev", "shape", "type"},
    "area": {"alt", "coords", "href", "nohref", "shape"},
    "blockquote": {"cite"},
    "img": {"alt", "border", "height", "ismap", "longdesc", "src", "usemap"},
    "map": {"name"},
    "pre": {"space"},
    "q": {"cite"},
    "table": {"border", "cellpadding", "cellspacing", "frame", "rules", "summary"},
    "td": {"nowrap"},
}
# What may not be around what.
_WORDS = frozenset(
    """a abbr acronym address b bdo big caption cite code dd dfn dt em h1 h2 h3 h4 h5 h6 i kbd p pre q samp small span
    strong sub sup tt var""".split()
)
_BLOCKS = frozenset({"div", "ol", "pre", "table", "ul"})
_NOT_IN_ITSELF = frozenset(
    "a abbr acronym b bdo big cite code dfn em i kbd p q samp small strong sub sup tt var".split()
)
_EMPTY = frozenset({"area", "br", "hr", "img"})
_ONLY: Mapping[str, frozenset[str]] = {
    "dl": frozenset({"dd", "dt"}),
    "map": frozenset({"area"}),
    "ol": frozenset({"li"}),
    "ul": frozenset({"li"}),
    "table": frozenset({"caption", "col", "colgroup", "tbody", "tfoot", "thead", "tr"}),
    "tr": frozenset({"td", "th"}),
    **dict.fromkeys(("tbody", "tfoot", "thead"), frozenset({"tr"})),
}
_PARENTS: Mapping[str, frozenset[str]] = {
    "col": frozenset({"colgroup", "table"}),
    "li": frozenset({"ol", "ul"}),
    "tr": frozenset({"table", "tbody", "tfoot", "thead"}),
    **dict.fromkeys(("caption", "colgroup", "tbody", "tfoot", "thead"), frozenset({"table"})),
    **dict.fromkeys(("dd", "dt"), frozenset({"dl"})),
    **dict.fromkeys(("td", "th"), frozenset({"tfoot", "thead", "tr"})),
}
_LINKS = ("href", "src", "cite", "longdesc")
_RUNS = re.compile(r"(javascript|vbscript|data:(?!image/))", re.IGNORECASE)
_LEADS_NOWHERE = re.compile(r"(urn|cid):", re.IGNORECASE)
_IGNORED = re.compile(r"[\s\x00-\x1f]+")  # by browsers, in a link
_NOT_IN_A_LINK = re.compile(r"[^\w;?:@&=+$.,/%\-~#\[\]!'()*|]")
_BLANK = " \t\r\n"
_DEEPEST = 256


class Narrative:
    """What was read of a `div`: its faults, the ids in it, and the ids that it links to."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.ids: set[str] = set()
        self.links: list[str] = []


def check(walk: Walk, held: Held, slot: Slot, within: Resource) -> None:
    """The narrative of a resource or of a part of one."""
    div = held.value.get("div")
    if isinstance(div, str):
        where = (held.where, "div", None)
        found = read(div)
        for fault in dict.fromkeys(found.faults):
            walk.issues.add("FHIR130", where, fault)
        within.root.links += [(where, link) for link in found.links]


@lru_cache(256)
def read(div: str) -> Narrative:
    """A narrative's `div`."""
    reader = _Reader()
    try:
        reader.parser.Parse(div.encode("utf-8", "replace"), True)
    except expat.ExpatError as e:
        reader.found.faults.append(f"no well-formed XHTML: {expat.ErrorString(e.code)} at character {e.offset + 1}")
    except _StopError:
        pass
    else:
        if not reader.words:
            reader.found.faults.append("a narrative without words or pictures")
    return reader.found


class _StopError(Exception):
    """Nothing more is to be read."""


class _Reader:
    def __init__(self) -> None:
        self.found = Narrative()
        self.words = False
        self._open: list[str] = []
        self._marked = False  # in a CDATA section, which no HTML page shows
        self.parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartCdataSectionHandler = self._start_marked
        parser.EndCdataSectionHandler = self._end_marked
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
        if element not in _ELEMENTS:
            self._add(f"<{element}> may not be in a narrative")
        elif self._open:
            self._place(element, self._open[-1])
        self._open.append(element)
        self.words = self.words or element == "img"
        for attribute, value in attributes.items():
            self._attribute(element, attribute.replace(f"{_XML} ", "xml:"), value)

    def _place(self, element: str, parent: str) -> None:
        """Whether an element may be where it is."""
        if element in _PARENTS and parent not in _PARENTS[element]:
            self._add(f"<{element}> in <{parent}>: it has to be in {' or '.join(sorted(_PARENTS[element]))}")
        elif parent in _EMPTY or element not in _ONLY.get(parent, (element,)):
            self._add(f"<{element}> may not be in <{parent}>")
        if element in _BLOCKS or element in _NOT_IN_ITSELF or element == "blockquote":
            for above in self._open[1:]:
                block = (element in _BLOCKS and above in _WORDS) or (element == "blockquote" and above == "p")
                if block or (above == element and element in _NOT_IN_ITSELF):
                    self._add(f"<{element}> may not be in <{above}>")

    def _attribute(self, element: str, attribute: str, value: str) -> None:
        if attribute == "id" or (attribute == "name" and element == "a"):
            self.found.ids.add(value)
        if attribute not in _ATTRIBUTES and attribute not in _OF_ELEMENT.get(element, ()):
            self._add(f"{attribute!r} of <{element}> may not be in a narrative")
        elif attribute in _LINKS:
            self._link(element, attribute, value)

    def _link(self, element: str, attribute: str, value: str) -> None:
        about = f"the {attribute} of <{element}>"
        if _RUNS.match(_IGNORED.sub("", value)):
            self._add(f"{about} runs something: {value[:40]!r}")
        elif not value and attribute in ("href", "src"):
            self._add(f"{about} is empty")
        elif value.startswith("#"):
            if value != "#":
                self.found.links.append(value[1:])
        elif _LEADS_NOWHERE.match(value) and attribute == "href":
            self._add(f"{about} leads nowhere: {value[:40]!r}")
        elif not value.startswith("data:") and (wrong := _NOT_IN_A_LINK.search(value)):
            self._add(f"{about} has {wrong[0]!r}, which no URL may have")

    def _end(self, _: str) -> None:
        self._open.pop()

    def _characters(self, words: str) -> None:
        if words.strip(_BLANK) and not self._marked:
            self.words = True
            if self._open[-1] in _ONLY or self._open[-1] in _EMPTY:
                self._add(f"words may not be in <{self._open[-1]}>")

    def _start_marked(self) -> None:
        self._marked = True

    def _end_marked(self) -> None:
        self._marked = False

    def _doctype(self, *_: object) -> None:
        self._stop("a document type declaration may not be in a narrative")

    def _instruction(self, target: str, _: str) -> None:
        self._stop(f"a processing instruction ({target}) may not be in a narrative")

    def _add(self, fault: str) -> None:
        self.found.faults.append(fault)

    def _stop(self, message: str) -> None:
        self._add(message)
        raise _StopError
