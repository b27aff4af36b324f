"""Mutations of narratives (https://hl7.org/fhir/narrative.html)."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from agreement.mutation import Resource, add, mutation
from agreement.types import XHTML
from sachet.fhir.shapes import shapes

# What stands inside of the div.
_INSIDE: Mapping[str, str] = {
    "script": "<p>a</p><script>alert(1)</script>",
    "onclick": '<p onclick="a()">a</p>',
    "iframe": '<iframe src="http://example.org/a">a</iframe>',
    "javascript-link": '<a href="javascript:alert(1)">a</a>',
    "javascript-link-in-capitals": '<a href="JavaScript:alert(1)">a</a>',
    "data-link": '<a href="data:text/html,a">a</a>',
    "unclosed": "<p>a",
    "crossed": "<b><i>a</b></i>",
    "empty": "",
    "white-space": "  \n ",
    "empty-paragraph": "<p></p>",
    "break-only": "<br/>",
    "no-break-space-only": "<p>&#160;</p>",
    "entity-nbsp": "<p>a&nbsp;b</p>",
    "entity-copy": "<p>&copy; a</p>",
    "entity-unknown": "<p>a&foo;b</p>",
    "ampersand": "<p>a & b</p>",
    "less-than": "<p>a < b</p>",
    "character-reference": "<p>&#8364; &#x20AC;</p>",
    "style-attribute": '<p style="background: url(http://example.org/a)">a</p>',
    "style-element": "<style>p {color: red}</style><p>a</p>",
    "form": "<form><p>a</p></form>",
    "input": '<p><input type="text" name="a"/></p>',
    "button": "<button>a</button>",
    "object": "<object>a</object>",
    "head": "<head><title>a</title></head>",
    "body": "<body><p>a</p></body>",
    "font": '<font color="red">a</font>',
    "section": "<section>a</section>",
    "svg": '<svg xmlns="http://www.w3.org/2000/svg"/>a',
    "video": "<video>a</video>",
    "link": '<link rel="stylesheet" href="a.css"/>a',
    "base": '<base href="http://example.org"/>a',
    "element-in-capitals": "<P>a</P>",
    "attribute-in-capitals": '<p CLASS="a">a</p>',
    "attribute-unknown": '<p data-x="a">a</p>',
    "attribute-of-another": '<p href="http://example.org/a">a</p>',
    "target": '<a href="http://example.org/a" target="_blank">a</a>',
    "paragraph-in-paragraph": "<p>a<p>b</p></p>",
    "block-in-paragraph": "<p>a<div>b</div></p>",
    "list-in-paragraph": "<p>a<ul><li>b</li></ul></p>",
    "table-in-paragraph": "<p><table><tr><td>b</td></tr></table></p>",
    "block-in-span": "<span>a<div>b</div></span>",
    "item-outside": "<li>a</li>",
    "paragraph-in-list": "<ul><p>a</p></ul>",
    "words-in-list": "<ul>a<li>b</li></ul>",
    "empty-list": "<p>a</p><ul></ul>",
    "row-outside": "<tr><td>a</td></tr>",
    "cell-in-table": "<table><td>a</td></table>",
    "words-in-table": "<table>a<tr><td>b</td></tr></table>",
    "link-in-link": '<a href="http://example.org/a">a <a href="http://example.org/b">b</a></a>',
    "heading-in-heading": "<h1>a<h2>b</h2></h1>",
    "comment": "<p>a<!-- b --></p>",
    "instruction": "<p>a<?php b ?></p>",
    "cdata": "<p><![CDATA[a < b]]></p>",
    "image-of-data": '<img src="data:image/png;base64,iVBORw0KGgo=" alt="a"/>',
    "image-elsewhere": '<img src="http://example.org/a.png" alt="a"/>',
    "image-beside": '<img src="a.png" alt="a"/>',
    "image-inside": '<img src="#no-such" alt="a"/>',
    "image-without-source": '<img alt="a"/>',
    "image-empty-source": '<img src="" alt="a"/>',
    "link-to-no-id": '<a href="#no-such">a</a>',
    "link-to-name": '<p><a name="here">a</a> <a href="#here">b</a></p>',
    "link-to-top": '<a href="#">a</a>',
    "link-empty": '<a href="">a</a>',
    "link-relative": '<a href="Patient/1">a</a>',
    "link-with-space": '<a href="http://example.org/a b">a</a>',
    "link-urn": '<a href="urn:oid:1.2.3">a</a>',
    "link-mail": '<a href="mailto:a@example.org">a</a>',
    "same-id-twice": '<p id="a">a</p><p id="a">b</p>',
    "prefix": "<x:p xmlns:x='http://example.org/x'>a</x:p>",
    "other-namespace": '<p xmlns="http://example.org/x">a</p>',
    "language": '<p lang="de" xml:lang="de">a</p>',
    "attribute-twice": '<p class="a" class="b">a</p>',
    "attribute-without-quotes": "<p class=a>a</p>",
    "attribute-without-value": "<p hidden>a</p>",
    "control-character": "<p>a\u0001</p>",
    "center": "<center>a</center>",
    "underline": "<u>a</u> <s>b</s> <del>c</del>",
    "definition-list": "<dl><dt>a</dt><dd>b</dd></dl>",
    "all-allowed": "<h1>a</h1><blockquote><p>b</p></blockquote><pre>c</pre><hr/><p><q>d</q><sub>e</sub></p>",
    "nested-tables": "<table><tr><td><table><tr><td>a</td></tr></table></td></tr></table>",
    "table-attributes": '<table border="1" bgcolor="red"><tr><td align="left">a</td></tr></table>',
}
# The whole of the div.
_WHOLE: Mapping[str, str] = {
    "no-div": "<p>a</p>",
    "no-markup": "a",
    "no-namespace": "<div>a</div>",
    "wrong-namespace": '<div xmlns="http://www.w3.org/1999/html">a</div>',
    "prefixed": f'<x:div xmlns:x="{XHTML}">a</x:div>',
    "doctype": f'<!DOCTYPE div><div xmlns="{XHTML}">a</div>',
    "doctype-with-entity": f'<!DOCTYPE div [<!ENTITY a "b">]><div xmlns="{XHTML}">&a;</div>',
    "declaration": f'<?xml version="1.0"?><div xmlns="{XHTML}">a</div>',
    "comment-before": f'<!-- a --><div xmlns="{XHTML}">a</div>',
    "two-divs": f'<div xmlns="{XHTML}">a</div><div xmlns="{XHTML}">b</div>',
    "words-after": f'<div xmlns="{XHTML}">a</div> b',
    "space-around": f' <div xmlns="{XHTML}">a</div>\n',
    "empty-string": "",
    "self-closed": f'<div xmlns="{XHTML}"/>',
    "not-closed": f'<div xmlns="{XHTML}">a',
    "div-in-capitals": f'<DIV xmlns="{XHTML}">a</DIV>',
    "id-on-div": f'<div xmlns="{XHTML}" id="a" class="b" lang="de">a</div>',
}
_PARTS: Mapping[str, object] = {
    "div-missing": {"status": "generated"},
    "status-missing": {"div": f'<div xmlns="{XHTML}">a</div>'},
    "status-unknown": {"status": "written", "div": f'<div xmlns="{XHTML}">a</div>'},
    "status-empty": {"status": "empty", "div": f'<div xmlns="{XHTML}">a</div>'},
    "string": "a",
    "div-object": {"status": "generated", "div": {"div": "a"}},
    "div-number": {"status": "generated", "div": 1},
}


def _narrative(name: str, text: object) -> None:
    def change(random: Random, resource: Resource, release: str) -> Resource | None:
        if not shapes(release)[resource["resourceType"]].is_a("DomainResource"):
            return None
        resource["text"] = text
        return resource

    add(f"narrative:{name}", change)


for _name, _inside in _INSIDE.items():
    _narrative(_name, {"status": "additional", "div": f'<div xmlns="{XHTML}">{_inside}</div>'})
for _name, _whole in _WHOLE.items():
    _narrative(_name, {"status": "additional", "div": _whole})
for _name, _part in _PARTS.items():
    _narrative(_name, _part)


@mutation("narrative:deep")
def _(random: Random, resource: Resource, release: str) -> Resource | None:
    if not shapes(release)[resource["resourceType"]].is_a("DomainResource"):
        return None
    depth = random.choice((50, 200))
    resource["text"] = {
        "status": "generated",
        "div": f'<div xmlns="{XHTML}">{"<div>" * depth}a{"</div>" * depth}</div>',
    }
    return resource
