"""The reader: nothing is lost, nothing is silently changed, and bad input is a finding with a place."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import DOCUMENTS, SEED
from hypothesis import given
from hypothesis import strategies as st

from sachet import document
from sachet.document import front_matter, markdown
from sachet.document.front_matter import FrontMatterHandler, plain
from sachet.document.markdown import Block, ListBlock, Paragraph, Quote, Table, Text
from sachet.finding import Findings

HEAD = "---\nid: a\ncondition: A\n---\n"


def read(text: str | bytes) -> document.Result[document.Document]:
    return document.read_bytes("a.md", text.encode() if isinstance(text, str) else text)


def codes(text: str | bytes) -> list[tuple[str, int, int]]:
    return [(f.code, f.span.line, f.span.column) for f in read(text).findings]


def texts(blocks: tuple[Block, ...]) -> list[Text]:
    found: list[Text] = []
    for block in blocks:
        if isinstance(block, ListBlock):
            for item in block.items:
                found.extend(item.text.lines if item.text else ())
                found.extend(texts(item.blocks))
        elif isinstance(block, Table):
            found.extend(cell for row in (block.header, *block.rows) for cell in row.cells)
        elif isinstance(block, Quote):
            found.extend(texts(block.blocks))
        elif isinstance(block, Paragraph | markdown.Verbatim):
            found.extend(block.lines)
        elif isinstance(block, markdown.Heading):
            found.append(block.text)
    return found


def words(body: str) -> list[str]:
    value = read(HEAD + body).value
    assert value is not None
    return [t.plain for t in texts(value.blocks)]


def assert_lines_owned_once(value: document.Document) -> None:
    owned: Counter[int] = Counter()
    for span in markdown.leaves(value.blocks):
        owned.update(range(span.line, span.end_line + 1))
    for number, line in enumerate(value.source.text.split("\n"), 1):
        if number > value.body_line and line.strip():
            assert owned[number] == 1, (number, line)


@pytest.mark.parametrize("file", [SEED, *sorted(DOCUMENTS.glob("*.md"))], ids=lambda f: f.stem)
def test_every_line_belongs_to_one_node_and_every_character_is_where_its_text_says(file: Path) -> None:
    value = document.read(file).value
    assert value is not None
    assert_lines_owned_once(value)
    lines = value.source.text.split("\n")
    for text in texts(value.blocks):
        for index, character in enumerate(text.plain):
            span = text.place(index, index + 1)
            assert lines[span.line - 1][span.column - 1] == character, (text.plain, index)


MARKDOWN = st.lists(
    st.sampled_from(
        [
            "- ",
            "  - ",
            "1. ",
            "> ",
            "# ",
            "## ",
            "**b:**",
            "*i*",
            "|a|b|",
            "|-|-|",
            "\n",
            "\n\n",
            "```",
            "    ",
            "<b>",
            "[x]: y",
            "&amp;",
            "---",
            "* ",
            "+ ",
        ]
    )
    | st.text(alphabet="ab1 .:*_`<>[]()#|-+~\\é–", max_size=6),
    max_size=40,
).map("".join)


@given(MARKDOWN)
def test_any_markdown_keeps_every_line(body: str) -> None:
    value = read(HEAD + body).value
    assert value is not None
    assert_lines_owned_once(value)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_give_a_document_or_a_finding(content: bytes) -> None:
    result = read(content)
    assert result.value is not None or any(f.severity == "error" for f in result.findings)


@given(st.text(alphabet="ab:[]{}-&*!#|>'\"%@`\n\t ,?1 0no", max_size=80))
def test_any_front_matter_gives_a_document_or_a_finding(text: str) -> None:
    result = read(f"---\n{text}\n---\n# A\n")
    assert result.value is not None or any(f.severity == "error" for f in result.findings)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("- > 100 mg", ["> 100 mg"]),
        ("- >= 2 of these", [">= 2 of these"]),
        ("1. > 5 mmol\n2. >10", ["> 5 mmol", ">10"]),
        ("- a\n  - > 3 cm", ["a", "> 3 cm"]),
        ("> 100 mg is too much", ["> 100 mg is too much"]),
        ("> **Scope:** only this", ["Scope: only this"]),
        ("- + Kernig sign", ["+ Kernig sign"]),
        ("2*Na + glucose*10", ["2*Na + glucose*10"]),
        ("a **bold** and *italic* word", ["a bold and italic word"]),
        ("WBC <4,000 or <lactate>", ["WBC <4,000 or <lactate>"]),
        ("- a\n**B:** c", ["a", "B: c"]),
        ("[x]: y", ["[x]: y"]),
        ("- [Na+]: 135", ["[Na+]: 135"]),
        (">\u00a0100 mg/dL", [">\u00a0100 mg/dL"]),
        ("> .5 mg", ["> .5 mg"]),
        ("> -2 mmol/L", ["> -2 mmol/L"]),
        ("> **5** mg", ["> 5 mg"]),
        ("> - > 100 mg", ["> 100 mg"]),
        ("- > 1. x", ["> 1. x"]),
        ("- Lipase\n  > ULN", ["Lipase", "> ULN"]),
        ("[Na]*0.5*[weight]", ["[Na]*0.5*[weight]"]),
        ("α*β*γ", ["α*β*γ"]),
        ("height**0.5 * weight**0.5", ["height**0.5 * weight**0.5"]),
        ("5%*weight* 4", ["5%*weight* 4"]),
        ("Give 5 mg\nnever more than 10 mg\n---", ["Give 5 mg", "never more than 10 mg"]),
        ("Over two\nlines\n===", ["Over two lines"]),
        ("| a |\n|---|\n| 5 | max 7 |", ["a", "5", "max 7"]),
        ("![](ecg.png)", ["ecg.png"]),
        ("x &#3; &#1; &gt; y", ["x \ufffd \ufffd > y"]),
        ("**Second:**\n7. a\n8. b", ["Second:", "a", "b"]),
        ("It began in\n2019. Then", ["It began in", "2019. Then"]),
    ],
)
def test_no_comparator_or_sign_is_lost(body: str, expected: list[str]) -> None:
    assert words(body) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("STR101", 1, 1)),
        ("  \n\n", ("STR101", 1, 1)),
        (b"\x89PNG\x00\x00", ("STR102", 1, 1)),
        (b"---\nid: a\xff\n---\n", ("STR103", 2, 6)),
        ("---\nid: a\ncondition: A\n---\na\x07b\n", ("STR104", 5, 2)),
        ("# No front matter\n", ("STR110", 1, 1)),
        ("---\nid: a\n# Never closed\n", ("STR111", 1, 1)),
        (f"---\na: {'[' * 70}\n---\n", ("STR112", 2, 68)),
        ("---\nid: a\n\tcondition: A\n---\n", ("STR113", 3, 1)),
        ("---\nid: [a\n---\n", ("STR113", 3, 1)),
        ("---\n---\n", ("STR114", 1, 1)),
        ("---\n- a\n---\n", ("STR114", 2, 1)),
        ("---\na: &x 1\nb: *x\n---\n", ("STR115", 2, 4)),
        ("---\na: !!python/object:os.system x\n---\n", None),
        ("---\n? [a]\n: b\n---\n", ("STR117", 2, 3)),
        ("---\nid: a\nid: b\n---\n", ("STR118", 3, 1)),
        ("---\na: no\n---\n", ("STR119", 2, 4)),
        ("---\na: 12:30\n---\n", ("STR119", 2, 4)),
        ("---\na: 017\n---\n", ("STR119", 2, 4)),
        ("---\na: 0x1F\n---\n", ("STR119", 2, 4)),
        ("---\na: 1_000\n---\n", ("STR119", 2, 4)),
        ("---\na: .inf\n---\n", ("STR119", 2, 4)),
        ("---\na: !!null keepme\n---\n", ("STR116", 2, 4)),
        ('---\na: "\\x07"\n---\n', ("STR104", 2, 4)),
        ("---\na: ' '\n---\n", ("STR120", 2, 4)),
        ("---\na: b\u2028c: d\n---\n", ("STR105", 2, 5)),
        ("---\na: &x b\n*x : c\n---\n", ("STR115", 2, 4)),
        (HEAD + "##Treatment\n", ("STR123", 5, 1)),
        (HEAD + "| a |\n|---|\n| 5 | max 7 |\n", ("STR122", 7, 7)),
        (HEAD + "> Scope\n", ("STR124", 5, 1)),
    ],
)
def test_bad_input_is_a_finding_with_its_place(text: str | bytes, expected: tuple[str, int, int] | None) -> None:
    if expected is not None:
        assert expected in codes(text)


def test_a_doubtful_scalar_keeps_its_words() -> None:
    value = read("---\na: no\nb: 12:30\nc: 017\nd: 1.50\ne: 'no'\nf: null\ng: true\nh: 7\ni: 2026-03-01\n---\n").value
    assert value is not None
    expected = {
        "a": "no",
        "b": "12:30",
        "c": "017",
        "d": 1.5,
        "e": "no",
        "f": None,
        "g": True,
        "h": 7,
        "i": "2026-03-01",
    }
    assert plain(value.fields) == expected
    assert [s.words for s in front_matter.scalars(value.fields)][3] == "1.50"


def test_keys_and_values_know_their_place() -> None:
    value = read("---\nid: a\nlist:\n  - x\n  - key: é\n    other: z\n---\n").value
    assert value is not None
    places = {s.words: s.span[:2] for s in front_matter.scalars(value.fields)}
    assert places == {"a": (2, 5), "x": (4, 5), "é": (5, 10), "z": (6, 12)}
    entry = value.fields.get("list")
    assert entry is not None
    assert entry.key_span == (3, 1, 3, 5)
    assert entry.span.end_line == 6


@pytest.mark.parametrize(
    "change", [lambda b: b.replace(b"\n", b"\r\n"), lambda b: b"\xef\xbb\xbf" + b], ids=["CRLF", "BOM"]
)
def test_crlf_and_bom_change_nothing(change: Any) -> None:
    usual, other = read(SEED.read_bytes()), read(change(SEED.read_bytes()))
    assert usual.value is not None
    assert other.value is not None
    assert other.value.blocks == usual.value.blocks
    assert other.value.fields == usual.value.fields
    assert other.findings == usual.findings == ()


def test_hundreds_of_quotation_marks_end() -> None:
    value = read(HEAD + "> " * 600 + "x").value
    assert value is not None
    assert_lines_owned_once(value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_is_no_regular_file_is_a_finding(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    assert [f.code for f in document.read(tmp_path / "pipe.md").findings] == ["STR100"]
    assert [f.code for f in document.read(tmp_path).findings] == ["STR100"]


def test_a_missing_file_is_a_finding(tmp_path: Path) -> None:
    result = document.read(tmp_path / "none.md")
    assert [f.code for f in result.findings] == ["STR100"]


def test_deep_lists_end_in_a_finding() -> None:
    body = "\n".join(f"{'  ' * depth}- level {depth}" for depth in range(300))
    result = read(HEAD + body)
    assert "STR121" in [f.code for f in result.findings]
    assert result.value is not None
    assert_lines_owned_once(result.value)


def test_python_frontmatter_reads_with_our_handler() -> None:
    import frontmatter

    post = frontmatter.loads(SEED.read_text("utf-8"), handler=FrontMatterHandler())
    assert post["id"] == "intraosseous-access"
    assert post["validation"]["automated_consistency_check"] is None
    assert post.content.startswith("# Intraosseous Access")


def test_aliases_are_not_expanded() -> None:
    bomb = "---\na: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n---\n"
    findings = Findings("a.md")
    front_matter.parse(bomb.split("---")[1], 1, findings)
    assert {f.code for f in findings.found} == {"STR115"}
