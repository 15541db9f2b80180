# SPDX-License-Identifier: Apache-2.0
"""What the checks share: which files there are, and C source without comments and strings."""

import os
import re

SOURCE_TOPS = ("lib", "cgroups", "daemons", "netsetup", "tests")
SKIPPED_DIRS = {"__pycache__", "autom4te.cache", "build"}


def is_skipped(directory, name):
    """Caches, and where somebody builds, as make distcheck does within the unpacked tree."""
    built = os.path.exists(os.path.join(directory, name, "config.status"))
    return name in SKIPPED_DIRS or built


def walk(tree, tops):
    """Paths of the files below the given directories, relative to the tree, sorted."""
    for top in tops:
        if is_skipped(tree, top):
            continue
        for directory, subdirs, files in os.walk(os.path.join(tree, top)):
            subdirs[:] = sorted(
                d for d in subdirs if not d.startswith(".") and not is_skipped(directory, d)
            )
            for name in sorted(files):
                yield os.path.relpath(os.path.join(directory, name), tree)


def c_sources(tree):
    return [path for path in walk(tree, SOURCE_TOPS) if path.endswith((".c", ".h"))]


def all_files(tree):
    """Every file that belongs to the tree, without what the build puts beside them."""
    tops = [name for name in sorted(os.listdir(tree)) if not name.startswith(".git")]
    for path in walk(tree, [n for n in tops if os.path.isdir(os.path.join(tree, n))]):
        made = path.endswith((".o", ".a", ".log", ".trs")) or os.path.basename(path) == "Makefile"
        if not made and not is_autotools_product(tree, path):
            yield path
    for name in tops:
        if os.path.isfile(os.path.join(tree, name)) and not is_autotools_product(tree, name):
            yield name


def is_autotools_product(tree, path):
    """configure and its like in the top directory, and the helpers that go to build-aux."""
    if os.path.islink(os.path.join(tree, path)):
        return True
    if os.path.dirname(path) == "":
        return path != "configure.ac" and bool(
            re.match(r"(configure|config[.]|aclocal|autoscan|Makefile(\.in)?$|libtool|stamp-)", path)
        )
    names = ("ar-lib", "compile", "config.guess", "config.sub", "depcomp", "install-sh", "missing")
    names += ("tap-driver.sh", "test-driver", "ltmain.sh")
    return os.path.dirname(path) == "build-aux" and os.path.basename(path) in names


def scripts(tree, interpreter):
    """Files whose first line runs them with the given interpreter, and those named *.py."""
    found = []
    for path in all_files(tree):
        with open(os.path.join(tree, path), "rb") as file:
            first = file.readline(200)
        is_script = first.startswith(b"#!") and re.search(rf"\b{interpreter}\b".encode(), first)
        if is_script or (interpreter == "python3" and path.endswith(".py")):
            found.append(path)
    return found


def read(tree, path):
    with open(os.path.join(tree, path), encoding="utf-8") as file:
        return file.read()


_TOKEN = re.compile(
    r"""/\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'""", re.VERBOSE | re.DOTALL
)


def code_of(text):
    """The text with comments blanked and strings emptied, every line where it was."""

    def blank(match):
        token = match[0]
        if token[0] in "\"'":
            return token[0] + " " * (len(token) - 2) + token[0]
        return re.sub(r"[^\n]", " ", token)

    return _TOKEN.sub(blank, text)


def functions(code):
    """(name, first line, last line) of every function; lines count from 1.

    Relies on the format: a function's braces stand in column 0, and its head starts there too.
    """
    lines = code.split("\n")
    for start, line in enumerate(lines):
        if line.rstrip() != "{":
            continue
        head = start - 1
        while head > 0 and lines[head][:1] in (" ", ""):
            head -= 1
        name = re.match(r"[^(]*?(\w+)\s*\(", lines[head])
        end = next((i for i in range(start, len(lines)) if lines[i].startswith("}")), None)
        if name and end is not None:
            yield name[1], head + 1, end + 1
