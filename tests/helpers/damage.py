"""Kinds of damage to a results folder, drawn at random: what a disk, an editor or an enemy may do to it."""

import contextlib
import json
import os
import re
import shutil
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from bench.common.files import digest
from bench.results import random_scores
from tests.helpers.hostile import hostile_numbers, hostile_texts, odd_values

SPARSE = 10 * 2**30

# What is at paths within a folder.
Files = dict[Path, bytes]


class Damage(NamedTuple):
    """What is done to a folder.

    forges: Whether checksums are made to fit, so that other numbers may be believed.
    """

    do: Callable[[Path], None]
    forges: bool = False


def forge(folder: Path, name: str) -> None:
    """Make the hashes that are stored of a file's text fit its text."""
    path = folder / name
    if path.suffix == ".csv" and name.startswith("runs/"):
        record = path.with_suffix(".json")
        text = re.sub(r'("csv_sha256": )"\w+"', rf'\1"{digest(path.read_bytes())}"', record.read_text())
        record.write_text(text)
    elif name == random_scores.FILE:
        heading, *lines = path.read_bytes().split(b"\n")
        rests = [line.rpartition(b",")[0] for line in lines]
        signed = [
            rest + b"," + digest(rest)[: random_scores.DIGITS].encode() if rest else b"" for rest in rests
        ]
        path.write_bytes(b"\n".join([heading, *signed]))
    elif name.startswith("checkpoints/"):
        first, _, archive = path.read_bytes().split(b"\n", 2)
        path.write_bytes(b"\n".join([first, digest(archive).encode(), archive]))


@st.composite
def edited_bytes(draw: st.DrawFn, files: tuple[str, ...]) -> Damage:
    """Some bytes of a file are others, or gone, or there are more."""
    file, share, new = draw(st.sampled_from(files)), draw(st.floats(0, 1)), draw(st.binary(max_size=6))
    removed = draw(st.integers(0, 60))

    def do(folder: Path) -> None:
        data = (folder / file).read_bytes()
        start = int(share * len(data))
        (folder / file).write_bytes(data[:start] + new + data[start + removed :])

    return Damage(do)


@st.composite
def flipped_bits(draw: st.DrawFn, files: tuple[str, ...]) -> Damage:
    """Some bits of a file are others."""
    file, forges = draw(st.sampled_from(files)), draw(st.booleans())
    flips = draw(
        st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 7)), min_size=1, max_size=3)
    )

    def do(folder: Path) -> None:
        data = bytearray((folder / file).read_bytes())
        for share, bit in flips:
            data[int(share * len(data))] ^= 1 << bit
        (folder / file).write_bytes(data)
        if forges:
            with contextlib.suppress(ValueError):
                forge(folder, file)

    return Damage(do, forges)


@st.composite
def another_encoding(draw: st.DrawFn, files: tuple[str, ...]) -> Damage:
    """A text file is saved as another program does."""
    file = draw(st.sampled_from([name for name in files if name.endswith((".csv", ".json", ".py"))]))
    kind = draw(st.sampled_from(["utf-8-sig", "utf-16", "utf-32", "cp037", "crlf", "cr", "no end", "blank"]))

    def do(folder: Path) -> None:
        text = (folder / file).read_text()
        ends = {"crlf": "\r\n", "cr": "\r"}
        if kind in ends:
            data = text.replace("\n", ends[kind]).encode()
        elif kind == "no end":
            data = text.rstrip("\n").encode()
        elif kind == "blank":
            data = text.replace("\n", "\n\n").encode()
        else:
            data = text.encode(kind, errors="replace")
        (folder / file).write_bytes(data)

    return Damage(do)


@st.composite
def edited_field(draw: st.DrawFn, files: tuple[str, ...]) -> Damage:
    """A field of a JSON file has another value, is gone, new or there twice, or its number is odd."""
    file = draw(st.sampled_from([name for name in files if name.endswith(".json")]))
    depth, choice, value = draw(st.integers(1, 3)), draw(st.integers(0, 10**6)), draw(odd_values)
    kind = draw(st.sampled_from(["replace", "remove", "add", "text", "one more", "number", "twice", "deep"]))
    number = draw(hostile_numbers)

    def do(folder: Path) -> None:
        path = folder / file
        record = json.loads(path.read_text())
        parent: Any = record
        for _ in range(depth):
            key = list(parent)[choice % len(parent)]
            if not (isinstance(parent[key], dict) and parent[key]):
                break
            parent = parent[key]
        key = list(parent)[choice % len(parent)]
        old = parent.pop(key)
        by_kind = {"replace": value, "add": old, "text": str(old), "one more": _one_more(old)}
        if kind != "remove":
            parent[key] = by_kind.get(kind, "here")
        if kind == "add":
            parent["new"] = value
        texts = {"number": number, "twice": f"{json.dumps(old)}, {json.dumps(key)}: {json.dumps(value)}"}
        texts["deep"] = '{"a":' * 100_000 + "1" + "}" * 100_000
        text = json.dumps(record)
        if kind in texts:
            text = text.replace('"here"', texts[kind])
        path.write_text(text, errors="surrogateescape")

    return Damage(do, forges=True)


def _one_more(value: Any) -> Any:
    return value + 1 if isinstance(value, int | float) else value


@st.composite
def edited_cell(draw: st.DrawFn, files: tuple[str, ...]) -> Damage:
    """A cell or a heading of a CSV has another content, or a column is there twice."""
    file = draw(st.sampled_from([name for name in files if name.endswith(".csv")]))
    row, column, forges = draw(st.integers(0, 3)), draw(st.integers(0, 20)), draw(st.booleans())
    names = st.sampled_from(
        ("environment", "setting", "seed", "score", "diverged", "kl", "index", "x y", "ａ")
    )
    content = draw(hostile_texts | hostile_numbers | names)
    kind = draw(st.sampled_from(["replace", "quote", "add", "remove", "column", "line twice"]))

    def do(folder: Path) -> None:
        path = folder / file
        lines = [line.split(",") for line in path.read_text().split("\n")[:-1]]
        line = lines[row % len(lines)]
        cell = column % len(line)
        if kind == "replace":
            line[cell] = content
        elif kind == "quote":
            line[cell] = f'"{line[cell]}"'
        elif kind == "add":
            line.append(content)
        elif kind == "remove":
            del line[cell]
        elif kind == "line twice":
            lines.append(line)
        else:
            lines[0].insert(0, content)
            for each in lines[1:]:
                each.insert(0, "1")
        text = "".join(",".join(each) + "\n" for each in lines)
        path.write_bytes(text.encode(errors="surrogatepass"))
        if forges:
            with contextlib.suppress(ValueError):
                forge(folder, file)

    return Damage(do, forges)


@st.composite
def another_kind(draw: st.DrawFn, names: tuple[str, ...]) -> Damage:
    """Something else stands in the place of a file or a folder."""
    name = draw(st.sampled_from(names))
    kind = draw(st.sampled_from([*KINDS]))

    def do(folder: Path) -> None:
        put(folder / name, kind, elsewhere(folder) / name)

    return Damage(do)


def elsewhere(folder: Path) -> Path:
    """Where links of a results folder lead: a folder beside it that has the same files."""
    return folder.with_name("elsewhere")


def put(path: Path, kind: str, target: Path) -> None:
    """Put something in the place of a file or a folder. target: Where a link leads."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    KINDS[kind](path, target)


def _put_sparse(path: Path, target: Path) -> None:
    with path.open("wb") as file:
        file.truncate(SPARSE)


def _put_socket(path: Path, target: Path) -> None:
    # Within the folder and by a short name, because a socket's may have no more than a hundred bytes.
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as made:
        made.bind("a")
        Path("a").rename(path.name)


def _put_nested(path: Path, target: Path) -> None:
    """A folder with one thing of each other kind, and a way back up."""
    path.mkdir()
    for number, kind in enumerate(each for each in KINDS if each != "nested"):
        KINDS[kind](path / f"seed-{number:02d}.csv", target)
    (path / "up").symlink_to("..")


# What is put there by name.
KINDS: dict[str, Callable[[Path, Path], object]] = {
    "nothing": lambda path, target: None,
    "file": lambda path, target: path.write_text("mine"),
    "empty file": lambda path, target: path.touch(),
    "folder": lambda path, target: path.mkdir(),
    "dangling link": lambda path, target: path.symlink_to("nowhere"),
    "loop": lambda path, target: path.symlink_to(path.name),
    "link to its like": lambda path, target: path.symlink_to(target),
    "link to a folder": lambda path, target: path.symlink_to(target.parent),
    "pipe": lambda path, target: os.mkfifo(path),
    "socket": _put_socket,
    "endless device": lambda path, target: path.symlink_to("/dev/zero"),
    "empty device": lambda path, target: path.symlink_to("/dev/null"),
    "10 GB": _put_sparse,
    "nested": _put_nested,
}


@st.composite
def odd_entries(draw: st.DrawFn, folders: tuple[str, ...]) -> Damage:
    """There is something more in a folder, of any name and kind."""
    names = (
        b"\xff\xfe.csv",
        b"a\nb",
        b"\x1b[31m.csv",
        b"x" * 255,
        b"seed-01.csv",
        b"seed-\xd9\xa1\xd9\xa2.csv",
    )
    more = (b"Reacher-v4", b"seed-99999999999999999999999.csv", b".hidden", b"x.npz", b"<b>", b"seed-00.csv~")
    folder, name = draw(st.sampled_from(folders)), draw(st.sampled_from((*names, *more)))
    kind = draw(st.sampled_from([*KINDS]))

    def do(results: Path) -> None:
        put(results / folder / os.fsdecode(name), kind, elsewhere(results) / folder)

    return Damage(do)


def snapshot(folder: Path) -> Files:
    """What is at each path within a folder: its kind, where a link leads, the content of a file."""
    found = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        content = f"{status.st_mode:o}".encode()
        if stat.S_ISREG(status.st_mode):
            content += path.read_bytes() if status.st_size < SPARSE else b"huge"
        elif path.is_symlink():
            content += os.fsencode(path.readlink())
        found[path.relative_to(folder)] = content
    return found
