# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a real systemd what it reads from environment files, and compare it with what environment_file.py says.

In the checkout, with its collection link on PYTHONPATH:  environment_file.py write CASES.json
On a host that runs systemd, as root:                      environment_file.py compare CASES.json
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

ALPHABET = list("\"'\\`$#;= \t\n\r!%{}aZ0é") + ["\u2028", "😀", "\\n", "\\\n"]
ROUNDS = 40
TEXTS = (
    'A=\'one\' "two"three\nB=pre"quoted"\nC=a\\ \\ \nD= spaced  out  \n# comment\nE=5\n;F=6\nG="two\nlines"\nH=\'single \\n $x\'\n',
    'A="dou\\"ble \\x \\$y \\`"\nB="con\\\ntinued"\nC=con\\\ntinued  \nD=\nE=""\nF=x#y;z\nG=\\"\n',
    "export A=1\n1B=2\nno assignment\nC=3\nC=4\n  D  =  5  \nE = 'a'b'c'\n\n\n",
)


def write(path: Path) -> None:
    """Write texts and what we read from them."""
    from ansible_collections.webops.django.plugins.module_utils.environment_file import parse, render

    chance = random.Random(0)
    cases = [(text, parse(text)) for text in TEXTS]
    for _round in range(ROUNDS):
        values = {f"V{number}": "".join(chance.choices(ALPHABET, k=chance.randrange(12))) for number in range(8)}
        cases.append((render(values), values))
        # What nobody would write on purpose, but every parser meets: a name must come first, so that systemd logs no warning about the text itself.
        text = "X=" + "".join(chance.choices(ALPHABET, k=30)) + "\nLAST=1\n"
        cases.append((text, parse(text)))
    path.write_text(json.dumps(cases))


def compare(path: Path) -> int:
    """Return how many texts systemd reads in another way."""
    cases = json.loads(path.read_text())
    always = read("").keys()
    wrong = 0
    for text, expected in cases:
        found = {name: value for name, value in read(text).items() if name not in always}
        if found != expected:
            wrong += 1
            sys.stdout.write(f"{text!r}\n  systemd: {found}\n  we:      {expected}\n")
    sys.stdout.write(f"{len(cases)} environment files, {wrong} read in another way\n")
    return wrong


def read(text: str) -> dict[str, str]:
    """Return the environment of a service that systemd starts with this file."""
    with tempfile.NamedTemporaryFile("w", suffix=".environment", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        command = ["systemd-run", "--wait", "--pipe", "--quiet", f"--property=EnvironmentFile={file.name}", "/usr/bin/env", "-0"]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return dict(entry.split("=", 1) for entry in output.decode("utf-8").split("\0") if entry)


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]))
    else:
        sys.exit(bool(compare(Path(sys.argv[2]))))
