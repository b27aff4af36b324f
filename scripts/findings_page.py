"""Write docs/findings.md from the tables of `sachet.rules`; to be run after a change of them."""

from pathlib import Path

from sachet.rules import FAMILIES, Rule, about, rules

PAGE = Path(__file__).parents[1] / "docs" / "findings.md"
HEAD = """# Findings
`sachet check` prints them as `file:line:column CODE severity: message`. An error is wrong, a warning is probably wrong,
a note is worth knowing. `sachet explain CODE` prints what stands here. This page is made of the tables in
`src/sachet/rules/` by `scripts/findings_page.py`.
"""


def page() -> str:
    """The page: for each family a table, and below it the codes that need more words."""
    parts = [HEAD]
    for family in FAMILIES:
        every = list(rules(family).values())
        if not every:
            continue
        parts.append(f"\n## {family}: {about(family)}\n")
        if family == "FHIR":
            parts.append("`sachet validate` prints them with the FHIRPath of the element.\n\n")
        short = [rule for rule in every if not rule.why]
        if short:
            parts.append("| code | severity | what is wrong | wrong | right |\n|---|---|---|---|---|\n")
            parts += [_row(rule) for rule in short]
        parts += [_long(rule) for rule in every if rule.why]
    return "".join(parts)


def _row(rule: Rule) -> str:
    cells = (f"`{rule.code}`", rule.severity, rule.what, rule.wrong, rule.right)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _long(rule: Rule) -> str:
    lines = [f"\n### {rule.code}: {rule.what}\n", f"{rule.severity.capitalize()}"]
    lines.append(f" of `{rule.check}`.\n" if rule.check else ".\n")
    lines.append(f"\n{rule.why.strip()}\n")
    if rule.source:
        lines.append(f"\nSource: {rule.source.strip()}\n")
    for name, example in (("Wrong", rule.wrong), ("Right", rule.right)):
        if example:
            shown = "\n".join(f"    {line}".rstrip() for line in example.strip("\n").split("\n"))
            lines.append(f"\n{name}:\n\n{shown}\n")
    return "".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
