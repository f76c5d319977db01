"""What the library is made of: the licence texts that go with it, and a bill of materials (CycloneDX).

Owns the way from `cargo metadata` to the two texts. It reads the sources that cargo compiled, so that building a wheel
takes no further tool and no network. Invariant: a crate whose licence has no text here fails the build.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TEXTS = re.compile(r"(?i)(copying|copyright|licen[cs]e|notice|unlicen[cs]e)")
MIT = """\
MIT License

Copyright (c) {holders}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""
INTRODUCTION = """\
The driver library contains code of the crates below, and of the Rust standard library (MIT OR Apache-2.0, copyright the
Rust Project contributors). Each text is followed by those that it belongs to.
"""


@dataclass(frozen=True)
class Crate:
    """A crate whose code is in the library."""

    name: str
    version: str
    licence: str
    holders: str
    folder: Path
    requires: tuple[str, ...]

    @property
    def purl(self) -> str:
        """Its package URL."""
        return f"pkg:cargo/{self.name}@{self.version}"

    def texts(self, apache: str) -> Iterator[str]:
        """The texts in its sources; where it ships none, the licence's own. `apache` is that of Apache-2.0.

        Raises:
            ValueError: it ships none, and its licence is not known here.
        """
        shipped = sorted(file for file in self.folder.iterdir() if file.is_file() and TEXTS.match(file.name))
        if shipped:
            yield from (file.read_text(encoding="utf-8", errors="replace") for file in shipped)
        elif "Apache-2.0" in self.licence:
            yield apache
        elif "MIT" in self.licence:
            yield MIT.format(holders=self.holders)
        else:
            raise ValueError(f"{self.purl} has no licence text, and there is none here for '{self.licence}'")


def crates(cargo: str, folder: Path, root: str) -> list[Crate]:
    """The crates that the library of the crate `root` contains, itself excepted, in order."""
    version = subprocess.run([cargo, "version", "--verbose"], check=True, capture_output=True, text=True).stdout
    (host,) = re.findall(r"^host: (.+)$", version, re.MULTILINE)
    command = [cargo, "metadata", "--format-version=1", "--locked", "--filter-platform", host]
    answer = json.loads(subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout)
    packages = {package["id"]: package for package in answer["packages"]}
    requires = {node["id"]: _requires(node, packages) for node in answer["resolve"]["nodes"]}
    (start,) = (key for key, package in packages.items() if package["name"] == root)
    found, open_ends = {start}, [start]
    while open_ends:
        fresh = set(requires[open_ends.pop()]) - found
        found |= fresh
        open_ends += fresh
    purls = {key: f"pkg:cargo/{packages[key]['name']}@{packages[key]['version']}" for key in found}
    made = [_crate(packages[key], tuple(sorted(purls[one] for one in requires[key]))) for key in found - {start}]
    return sorted(made, key=lambda crate: crate.purl)


def licences(contents: list[Crate], apache: str) -> str:
    """All licence texts, each once, with the crates that it belongs to."""
    owners: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    for crate in contents:
        for text in crate.texts(apache):
            # Copies of a text differ in line breaks.
            key = " ".join(text.split())
            texts.setdefault(key, text.strip("\n"))
            owners.setdefault(key, []).append(f"  {crate.name} {crate.version} ({crate.licence})")
    rule = "=" * 80
    parts = [f"{texts[key]}\n\n{rule}\n" + "\n".join(dict.fromkeys(owners[key])) + f"\n{rule}\n" for key in owners]
    return "\n".join([INTRODUCTION, *parts])


def bill_of_materials(contents: list[Crate], name: str, version: str) -> str:
    """The same list for machines. It holds neither a time nor a serial number: the same sources give the same text."""
    product = f"pkg:pypi/{name}@{version}"
    components = [
        {
            "type": "library",
            "bom-ref": crate.purl,
            "name": crate.name,
            "version": crate.version,
            "purl": crate.purl,
            "licenses": [{"expression": crate.licence}],
        }
        for crate in contents
    ]
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {"type": "library", "bom-ref": product, "name": name, "version": version, "purl": product}
        },
        "components": components,
        "dependencies": [{"ref": crate.purl, "dependsOn": list(crate.requires)} for crate in contents],
    }
    return json.dumps(bill, indent=1) + "\n"


def _requires(node: dict[str, Any], packages: dict[str, Any]) -> list[str]:
    """What is linked: neither what builds and tests need, nor macros, which run in the compiler."""
    linked = (one["pkg"] for one in node["deps"] if any(kind["kind"] is None for kind in one["dep_kinds"]))
    return [key for key in linked if not any("proc-macro" in target["kind"] for target in packages[key]["targets"])]


def _crate(package: dict[str, Any], requires: tuple[str, ...]) -> Crate:
    return Crate(
        name=package["name"],
        version=package["version"],
        # The old form of an expression.
        licence=re.sub(r"\s*/\s*", " OR ", package["license"] or "unknown"),
        holders=", ".join(package["authors"]) or f"the developers of {package['name']}",
        folder=Path(package["manifest_path"]).parent,
        requires=requires,
    )
