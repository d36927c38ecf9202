# Part of Tillbridge. See LICENSE.
"""What the documents say can be done."""

import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def text(page):
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_link_is_dead(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", text(page)):
        if not target.startswith(("http://", "https://", "#")):
            assert (page.parent / target.partition("#")[0]).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_named_exists(page):
    for name in re.findall(r"`((?:Sources|Tests|docs|scripts)/[\w./+-]+)`", text(page)):
        assert (ROOT / name).exists(), f"{page.name} names {name}"
    for name in re.findall(r"`(test_\w+\.py)`", text(page)):
        assert (ROOT / "Tests" / "EndToEnd" / name).exists(), f"{page.name} names {name}"
    for name in re.findall(r"`(\w+Tests)`", text(page)):
        assert any(path.stem == name for path in (ROOT / "Tests").rglob("*")), f"{page.name} names {name}"


def commands():
    """Command lines of the documents: those in backticks and those in blocks, with their continued lines."""
    for page in PAGES:
        joined = text(page).replace("\\\n", " ")
        for line in re.findall(r"`((?:\./run|tillbridge) [^`\n]+)`", joined) + re.findall(
                r"^\s*((?:\./run|tillbridge) [^#\n]+)", joined, re.MULTILINE):
            yield pytest.param(line.split(), id=f"{page.name}: {line.strip()[:60]}")


@pytest.mark.parametrize("words", list(commands()))
def test_every_command_and_option_that_is_named_exists(programs, words):
    program, *rest = words
    options = {word.partition("=")[0] for word in rest if word.startswith("--")}
    if program == "./run":
        listed = subprocess.run([ROOT / "run", "help"], capture_output=True, text=True, check=True).stdout
        assert re.search(rf"^  {re.escape(rest[0])}\b", listed, re.MULTILINE)
        known = (ROOT / "run").read_text(encoding="utf-8")
        if rest[0] == "bench":
            known += "".join(file.read_text(encoding="utf-8") for file in (ROOT / "bench").glob("*.py"))
        if rest[0] == "chaos":
            known += (ROOT / "chaos" / "__main__.py").read_text(encoding="utf-8")
        if rest[0] == "fuzz":
            known += (ROOT / "scripts" / "fuzz").read_text(encoding="utf-8")
        if rest[0] == "simulate":
            simulator = pathlib.Path(programs[0]).parent / "tillbridge-simulate"
            known += subprocess.run([simulator, "--help"], capture_output=True, text=True, check=True).stdout
        if rest[0] == "demo":
            known += subprocess.run([programs[0], "demo", "--help"], capture_output=True, text=True, check=True).stdout
        assert all(option in known for option in options), options
        return
    names = []
    for word in rest:
        # `register add|revoke|list` names three.
        if not re.fullmatch(r"[a-z][a-z|-]*", word):
            break
        names.append(word.split("|")[0])
    told = ""
    while names:
        run = subprocess.run([programs[0], *names, "--help"], capture_output=True, text=True)
        if run.returncode == 0 and f"USAGE: tillbridge {' '.join(names)}" in " ".join(run.stdout.split()):
            told = run.stdout
            break
        names.pop()
    assert told, f"{' '.join(words)} is no command"
    assert all(option in told for option in options), options
