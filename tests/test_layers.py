"""Imports point down: the layers of ARCHITECTURE.md, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BASE = {"errors", "ids", "clock", "log", "config", "config_rules", ""}

# What each part may import, beside the base modules and itself.
MAY_IMPORT = {
    "stores": set(),
    "sessions": {"stores.base", "stores.jsonform", "stores.files"},
    "mirror": {"stores.base", "stores.over", "sessions"},
    "bot": {"stores.base", "sessions", "mirror"},
    "web": {"stores.base", "sessions", "mirror"},
    "parts": {"stores", "sessions"},
    "stopping": set(),
    "collector": set(),
    "deployment": {"parts", "stopping", "collector", "stores", "sessions", "mirror", "bot", "web"},
    "commands": {"parts", "stores.base", "sessions", "mirror", "web"},
    "cli": {"commands", "deployment", "sandbox", "sessions", "mirror", "stores"},
    "sandbox": set(),
    "__main__": {"cli"},
}


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / "bybot").rglob("*.py")):
        relative = path.relative_to(ROOT / "bybot").with_suffix("")
        yield ".".join(part for part in relative.parts if part != "__init__"), path


def imports(path: Path) -> Iterator[str]:
    """Every bybot module that a file imports, also inside functions; not those for type checking alone."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} uses a relative import"
            module = node.module or ""
            names = [f"{module}.{alias.name}" for alias in node.names] if module else []
        else:
            continue
        yield from (name.removeprefix("bybot").removeprefix(".") for name in names if name.split(".")[0] == "bybot")


def allowed(part: str, target: str) -> bool:
    top = target.split(".")[0]
    if top == part or top in BASE or top not in MAY_IMPORT:
        return True  # the base, or a name defined in the package itself
    return any(target == may or target.startswith(may + ".") for may in MAY_IMPORT[part])


@pytest.mark.parametrize(
    ("name", "path"), list(modules()), ids=lambda value: str(value) if isinstance(value, str) else ""
)
def test_a_module_imports_only_what_lies_below_it(name: str, path: Path) -> None:
    part = name.split(".")[0]
    if part == "":
        return  # bybot/__init__.py loads the public names lazily
    if part in BASE:
        above = [target for target in imports(path) if target.split(".")[0] not in BASE | {"__version__"}]
        assert not above, f"{name} is a base module but imports {above}"
        return
    assert part in MAY_IMPORT, f"{name} belongs to no layer"
    wrong = [target for target in imports(path) if not allowed(part, target)]
    assert not wrong, f"{name} imports {wrong}"


def test_the_rule_finds_a_violation() -> None:
    assert not allowed("bot", "web.app")
    assert not allowed("mirror", "stores.firestore")
    assert not allowed("sessions", "mirror.engine")
    assert allowed("mirror", "sessions.manager")


#: What the chat may ask of the manager itself: its life, and news. All else goes through a caller's rights.
WITHOUT_A_CALLER = {"acting_as", "ask_for_handover", "news_told", "on_leaving", "on_news", "state", "wait_active"}


def test_bot_and_web_reach_sessions_through_a_callers_rights_only() -> None:
    used: set[str] = set()
    for part in ("bot", "web"):
        for path in (ROOT / "bybot" / part).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Attribute) and ast.unparse(node.value).rpartition(".")[2] == "manager":
                    used.add(node.attr)
    assert used == WITHOUT_A_CALLER


def test_importing_the_package_loads_nothing_heavy() -> None:
    import subprocess
    import sys

    heavy = "('telethon', 'telegram', 'firebase_admin', 'fastapi')"
    code = f"import bybot, sys; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30)
    assert out.stdout.strip() == "[]"
