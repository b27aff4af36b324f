"""A PlanDefinition's actions as an outline that a person can read beside the document.

One line an action: prefix, title, whether an ActivityDefinition describes it, its key without the document's id.
Below it, each where it is there: `=` its description (if it differs from the title), a target time, `->` links.
"""

from typing import Any


def outline(plan: dict[str, Any]) -> str:
    lines: list[str] = []
    for action in plan["action"]:
        _action(action, 0, f"{plan['id']}.", lines)
    return "\n".join([*lines, ""])


def _action(action: dict[str, Any], depth: int, head: str, lines: list[str]) -> None:
    documentation = action.get("documentation", [])
    described = any("/ActivityDefinition/" in d.get("resource", "") for d in documentation)
    prefix = action.get("prefix", "")
    shown = f"{prefix} " if prefix.endswith((".", ")")) else f"{prefix} | " if prefix else ""
    mark = " [ActivityDefinition]" if described else ""
    lines.append(f"{'  ' * depth}{shown}{action['title']}{mark} #{action['id'].removeprefix(head)}")
    below = "  " * depth + "   "
    description = " ".join(action.get("description", "").replace("\\", "").split())
    if description and description != action["title"]:
        lines.append(f"{below}= {description}")
    for part in (p for e in action.get("extension", []) for p in e["extension"] if "valueDuration" in p):
        value = part["valueDuration"]
        lines.append(f"{below}{value.get('comparator', '=')} {value['value']} {value['code']}")
    links = [d for d in documentation if "/ActivityDefinition/" not in d.get("resource", "")]
    lines.extend(f"{below}-> {link['display']}" for link in links)
    for child in action.get("action", []):
        _action(child, depth + 1, head, lines)
