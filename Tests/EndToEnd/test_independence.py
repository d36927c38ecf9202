# Part of Tillbridge. See LICENSE.
"""Sandbox and adapters are two readings of the wallets' documents: one mistake must not confirm itself."""

import itertools
import json
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]
READINGS = "TillSandbox", "TillWallets"
# What both may stand on: neither knows a wallet's protocol.
COMMON_GROUND = {"TillDomain", "CZlib"}
# Two authors write a dozen equal lines in a row only where one of them copied.
LONGEST_CHANCE = 11


def targets(manifest):
    """The package's own targets, each with the own targets that it names."""
    named = {
        target["name"]: {dependency[kind][0] for dependency in target["dependencies"]
                         for kind in ("byName", "target") if kind in dependency}
        for target in manifest["targets"]}
    return {name: dependencies & named.keys() for name, dependencies in named.items()}


def reached(name, graph):
    """All targets that are linked with a target, itself among them."""
    found, waiting = set(), [name]
    while waiting:
        target = waiting.pop()
        if target not in found:
            found.add(target)
            waiting += graph[target]
    return found


def sources(target):
    return {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8")
            for file in sorted((ROOT / "Sources" / target).rglob("*.swift"))}


def imports(text, module):
    return re.search(rf"^[ \t]*(?:@?\w+[ \t]+)*import[ \t]+(?:\w+[ \t]+)?{module}\b", text, re.MULTILINE) is not None


def significant(text):
    """The lines that say something, without what a copy would change first: indentation, comments, access levels."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    for line in text.splitlines():
        line = re.sub(r"(?:^|\s)//.*", "", line)
        line = re.sub(r"\b(?:package|public|internal|fileprivate|private) ", "", line)
        line = " ".join(line.split())
        if re.search(r"\w", line) and not re.match(r"(?:@\w+ )*import ", line):
            yield line


def copies(ones, others):
    """Runs of equal significant lines that no chance explains, as (file, other file, first line)."""
    length = LONGEST_CHANCE + 1

    def runs(files):
        for name, text in files.items():
            lines = list(significant(text))
            for start in range(len(lines) - length + 1):
                yield tuple(lines[start:start + length]), name

    known = dict(runs(ones))
    return sorted({(known[run], name, run[0]) for run, name in runs(others) if run in known})


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    described = subprocess.run(
        ["swift", "package", "--package-path", ROOT, "--scratch-path", tmp_path_factory.mktemp("manifest"),
         "dump-package"], check=True, capture_output=True, text=True)
    return json.loads(described.stdout)


def test_neither_reading_is_linked_with_the_other(manifest):
    sandbox, wallets = (reached(name, targets(manifest)) for name in READINGS)
    assert sandbox & wallets == COMMON_GROUND


def test_a_dependency_through_others_would_be_found(manifest):
    graph = targets(manifest)
    graph["TillLoops"] = graph["TillLoops"] | {"TillWallets"}
    assert "TillWallets" in reached("TillSandbox", graph)


@pytest.mark.parametrize("reading, other", list(itertools.permutations(READINGS)))
def test_neither_reading_imports_the_other(reading, other):
    files = sources(reading)
    assert files
    assert [name for name, text in files.items() if imports(text, other)] == []


@pytest.mark.parametrize("line", [
    "import TillWallets", "@testable import TillWallets", "package import TillWallets",
    "import struct TillWallets.WalletError", "  internal import TillWallets  // a comment"])
def test_an_import_would_be_found(line):
    assert imports(f"import TillDomain\n{line}\n", "TillWallets")


def test_no_code_stands_in_both_readings():
    assert copies(*map(sources, READINGS)) == []


def planted(lines):
    """Lines as somebody hides a copy: deeper, opened to others, with words and empty lines between them."""
    return "import TillDomain\n\nenum Planted {\n" + "".join(
        f"        // {number}\n        package {line}  // as it is\n\n    }}\n" for number, line in enumerate(lines)) + "}\n"


def original():
    """Lines of the sandbox, and the file that has them."""
    for name, text in sources("TillSandbox").items():
        lines = list(significant(text))
        if len(lines) > LONGEST_CHANCE + 5:
            return name, lines[5:LONGEST_CHANCE + 6]
    raise AssertionError("the sandbox has no source of some length")


def test_a_copy_would_be_found():
    name, lines = original()
    wallets = sources("TillWallets") | {"Planted.swift": planted(lines)}
    assert copies(sources("TillSandbox"), wallets) == [(name, "Planted.swift", lines[0])]


def test_what_is_written_anew_is_no_copy():
    _, lines = original()
    lines[len(lines) // 2] = "let anotherReading = true"
    wallets = sources("TillWallets") | {"Planted.swift": planted(lines)}
    assert copies(sources("TillSandbox"), wallets) == []
