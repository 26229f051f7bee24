# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Precompressing real trees, and letting a real nginx send them."""

from __future__ import annotations

import gzip
import os
import random
import subprocess
import sys
import tempfile
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import brotli_codec, precompress_encodings, precompress_sibling
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.precompress import Result, precompress, processors
from ansible_collections.webops.django.plugins.module_utils.static_tree import Rights, scan
from ansible_collections.webops.django.tests.unit.support.nginx_server import NginxServer
from hypothesis import given, settings
from hypothesis import strategies as st

RIGHTS = Rights(os.geteuid(), os.getegid(), 0o644, 0o755)
CSS = b"".join(b".a%d { margin: %dpx }\n" % (number, number) for number in range(200))
NOISE = random.Random(1).randbytes(5000)
BOTH = ("gzip", "brotli")
THEN = 1_700_000_000_000_000_000


def fill(root: Path, files: t.Mapping[str, bytes], time: int = THEN) -> Path:
    """Write files, all with the same time, in nanoseconds."""
    root.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
        os.utime(root / name, ns=(time, time))
        (root / name).chmod(0o644)
    return root


def names_in(root: Path) -> list[str]:
    """All files, relative."""
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def run(root: Path, encodings: t.Sequence[str] = BOTH, live: Path | None = None, rights: Rights = RIGHTS, **options: t.Any) -> Result:
    """Precompress all files of a tree."""
    return precompress(str(root), names_in(root), encodings, str(live or root.parent / "missing"), rights, **options)


def content_of(path: Path) -> bytes:
    """The content of a file or, decompressed, of a sibling."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(content)
    return b"".join(brotli_codec.decompressed([content], 65536)) if path.suffix == ".br" else content


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder for a tree."""
    return fill(tmp_path / "tree", {})


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.css", CSS, True),
        ("A.CSS", CSS, True),
        ("folder/ä ö.js", CSS, True),
        ("icon.svg", CSS, True),
        ("font.ttf", CSS, True),
        ("app.mjs", CSS, True),
        ("app.wasm", CSS, True),
        ("photo.png", CSS, False),
        ("font.woff2", CSS, False),
        ("book.zip", CSS, False),
        ("page.html.gz", CSS, False),
        ("LICENSE", CSS, False),
        ("small.css", CSS[:1023], False),
        ("empty.css", b"", False),
        ("just-large-enough.css", CSS[:1024], True),
        ("noise.js", NOISE, False),
    ],
)
def test_what_is_worth_it(tree: Path, name: str, content: bytes, expected: bool) -> None:
    fill(tree, {name: content})
    result = run(tree)
    wanted = [f"{name}.br", f"{name}.gz"] if expected else []
    assert result.names == wanted
    assert names_in(tree) == sorted([name, *wanted])
    assert result.counts == dict.fromkeys(BOTH, int(expected))
    assert all(content_of(tree / sibling) == content for sibling in wanted)


def test_what_is_counted(tree: Path) -> None:
    fill(tree, {"a.css": CSS, "a.0123456789ab.css": CSS, "b.css": CSS + b"b", "b.css.gz": gzip.compress(CSS + b"b"), "c.png": NOISE})
    result = run(tree, ["gzip"])
    saved = sum(os.path.getsize(tree / name) - os.path.getsize(tree / f"{name}.gz") for name in ("a.css", "a.0123456789ab.css", "b.css"))
    assert result == Result({"gzip": 3}, ["a.0123456789ab.css.gz", "a.css.gz", "b.css.gz"], {"gzip": saved}, made=2, taken=0, kept=1)


def test_the_bytes_depend_on_the_content_alone(tmp_path: Path) -> None:
    """No time, no name; nginx, a CDN and a comparison of hosts all see the same."""
    one, two = fill(tmp_path / "one", {"a.css": CSS}), fill(tmp_path / "two", {"b.css": CSS}, THEN + 10**10)
    run(one)
    run(two, workers=1)
    for suffix in (".gz", ".br"):
        assert (one / f"a.css{suffix}").read_bytes() == (two / f"b.css{suffix}").read_bytes()
    assert (one / "a.css.gz").read_bytes()[:9] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02"


def test_rights_and_time_of_a_sibling_are_the_file_s(tree: Path) -> None:
    fill(tree, {"a.css": CSS})
    rights = Rights(12345 if os.geteuid() == 0 else os.geteuid(), os.getegid(), 0o640, 0o755)
    old = os.umask(0o077)
    try:
        run(tree, rights=rights)
    finally:
        os.umask(old)
    for suffix in (".gz", ".br"):
        now = os.stat(tree / f"a.css{suffix}")
        assert (now.st_uid, now.st_gid, now.st_mode & 0o7777, now.st_mtime_ns) == (rights.owner, rights.group, 0o640, THEN)


def test_equal_content_is_compressed_once_and_shares_an_inode(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tree, {"a.css": CSS, "a.0123456789ab.css": CSS, "copy/a.css": CSS, "other.css": CSS[:-2] + b"x\n"})
    compressed: list[str] = []
    write = precompress_sibling.write

    def note(source: precompress_sibling.Source, *rest: t.Any) -> bool:
        compressed.append(source.name)
        return write(source, *rest)

    monkeypatch.setattr(precompress_sibling, "write", note)
    run(tree)
    assert len(compressed) == 4
    for suffix in (".gz", ".br"):
        inodes = [os.stat(tree / f"{name}{suffix}").st_ino for name in ("a.css", "a.0123456789ab.css", "copy/a.css", "other.css")]
        assert inodes[0] == inodes[1] == inodes[2] != inodes[3]


def test_equal_content_with_another_time_has_a_file_of_its_own(tree: Path) -> None:
    """One inode has one time. The bytes are the same, and still compressed once."""
    fill(tree, {"a.css": CSS})
    fill(tree, {"b.css": CSS}, THEN + 5)
    run(tree)
    for suffix in (".gz", ".br"):
        assert (tree / f"a.css{suffix}").read_bytes() == (tree / f"b.css{suffix}").read_bytes()
        assert [os.stat(tree / f"{name}.css{suffix}").st_mtime_ns for name in "ab"] == [THEN, THEN + 5]


def test_a_file_system_without_hard_links(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: t.Any, **_options: t.Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    fill(tree, {"a.css": CSS, "b.css": CSS})
    assert run(tree).counts == {"gzip": 2, "brotli": 2}
    assert content_of(tree / "b.css.br") == CSS


def test_a_sibling_that_came_along_stays_if_it_is_right(tree: Path) -> None:
    """As WhiteNoise's storage makes it, or an app ships it. Its time becomes the file's."""
    brought = gzip.compress(CSS, 1, mtime=12345)
    fill(tree, {"a.css": CSS, "small.css": b"a", "small.css.gz": gzip.compress(b"a"), "p.png": b"png", "p.png.br": brotli_codec.compress(b"png")})
    fill(tree, {"a.css.gz": brought}, THEN + 99)
    result = run(tree)
    assert (tree / "a.css.gz").read_bytes() == brought
    assert os.stat(tree / "a.css.gz").st_mtime_ns == THEN
    assert result.names == ["a.css.br", "a.css.gz", "p.png.br", "small.css.gz"]
    assert (result.kept, result.made) == (3, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        gzip.compress(CSS + b"old"),
        gzip.compress(CSS[:-1]),
        gzip.compress(CSS)[:-4],
        gzip.compress(CSS) + b"rubbish",
        CSS,
        b"",
        brotli_codec.compress(CSS),
        gzip.compress(bytes(50 << 20)),
    ],
)
@pytest.mark.parametrize("encodings", [BOTH, ()])
def test_a_sibling_that_came_along_and_is_wrong_is_replaced(tree: Path, wrong: bytes, encodings: t.Sequence[str]) -> None:
    """Also where no encoding is asked for: nginx with gzip_static would send the old bytes."""
    fill(tree, {"a.css": CSS, "a.css.gz": wrong})
    run(tree, encodings)
    assert content_of(tree / "a.css.gz") == CSS


def test_a_wrong_sibling_is_replaced_even_where_one_is_not_worth_it(tree: Path) -> None:
    """The name was collected, perhaps a manifest names it: it stays, with content that is right. Others do not get one for it."""
    fill(tree, {"a.js": NOISE, "a.js.gz": b"old", "b.js": NOISE, "p.png": b"png", "p.png.br": b"old"})
    result = run(tree)
    assert result.names == ["a.js.gz", "p.png.br"]
    assert content_of(tree / "a.js.gz") == NOISE
    assert content_of(tree / "p.png.br") == b"png"


def test_no_sibling_of_a_sibling(tree: Path) -> None:
    fill(tree, {"a.css": CSS, "a.css.gz": b"old", "a.css.gz.br": b"whatever", "b.js.gz": CSS, "b.js.gz.gz": gzip.compress(CSS)})
    assert run(tree).names == ["a.css.br", "a.css.gz", "b.js.gz.gz"]


def test_running_again_changes_nothing(tree: Path) -> None:
    fill(tree, {"a.css": CSS, "a.0123456789ab.css": CSS, "n.js": NOISE, "b.js": CSS * 2})
    first = run(tree)
    before = {name: (entry, os.stat(tree / name).st_ino) for name, entry in scan(str(tree)).items()}
    second = run(tree)
    assert {name: (entry, os.stat(tree / name).st_ino) for name, entry in scan(str(tree)).items()} == before
    assert (second.names, second.counts, second.saved) == (first.names, first.counts, first.saved)
    assert (first.made, second.kept) == (6, 6)


class TestLive:
    """Taking over from trees that are published."""

    def make(self, tmp_path: Path, files: t.Mapping[str, bytes]) -> tuple[Path, Path]:
        live = fill(tmp_path / "live", files)
        run(live)
        return live, fill(tmp_path / "tree", files, THEN + 10**12)

    def test_by_hard_link_and_with_the_published_file_s_time(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file that does not change keeps its time, and so does its sibling."""
        live, tree = self.make(tmp_path, {"a.css": CSS, "b.js": CSS * 2})
        monkeypatch.setattr(precompress_sibling, "write", lambda *_args: pytest.fail("nothing is to be compressed"))
        result = run(tree, live=live)
        assert result.taken == 4
        for name in result.names:
            assert os.stat(tree / name).st_ino == os.stat(live / name).st_ino
            assert os.stat(tree / name).st_mtime_ns == THEN

    def test_without_links_the_published_tree_is_not_touched(self, tmp_path: Path) -> None:
        """In check mode: not even the ctime changes."""
        live, tree = self.make(tmp_path, {"a.css": CSS, "b.css": CSS})
        before = {name: os.stat(live / name) for name in names_in(live)}
        result = run(tree, live=live, links=False)
        assert result.taken == 4
        for name, then in before.items():
            now = os.stat(live / name)
            assert (now.st_ctime_ns, now.st_nlink, now.st_mtime_ns) == (then.st_ctime_ns, then.st_nlink, then.st_mtime_ns)
        for name in result.names:
            assert (tree / name).read_bytes() == (live / name).read_bytes()
            assert os.stat(tree / name).st_mtime_ns == THEN

    def test_the_time_of_a_sibling_that_another_tree_has_too_is_not_set(self, tmp_path: Path) -> None:
        """A kept one that was linked into the tree before."""
        other, tree = self.make(tmp_path, {"a.css": CSS})
        os.link(other / "a.css.gz", tree / "a.css.gz")
        assert run(tree, ["gzip"]).kept == 1
        assert os.stat(tree / "a.css.gz").st_mtime_ns == THEN + 10**12
        assert os.stat(other / "a.css.gz").st_mtime_ns == THEN
        assert content_of(tree / "a.css.gz") == CSS

    def test_from_another_tree_with_the_new_file_s_time(self, tmp_path: Path) -> None:
        """A new release beside the old one: its file is a new one."""
        live, tree = self.make(tmp_path, {"a.css": CSS})
        result = run(tree, others=[str(live)])
        assert result.taken == 2
        for name in result.names:
            assert (tree / name).read_bytes() == (live / name).read_bytes()
            assert os.stat(tree / name).st_mtime_ns == THEN + 10**12
            assert os.stat(live / name).st_mtime_ns == THEN

    def test_a_kept_file_brings_its_siblings_as_hard_links(self, tmp_path: Path) -> None:
        other, tree = fill(tmp_path / "other", {"a.0123456789ab.css": CSS}), fill(tmp_path / "tree", {})
        run(other)
        os.link(other / "a.0123456789ab.css", tree / "a.0123456789ab.css")
        result = run(tree, others=[str(other)])
        assert result.taken == 2
        assert all(os.stat(tree / name).st_ino == os.stat(other / name).st_ino for name in result.names)

    def test_a_changed_file_gets_new_siblings(self, tmp_path: Path) -> None:
        live, tree = self.make(tmp_path, {"a.css": CSS})
        fill(tree, {"a.css": CSS.replace(b"margin", b"border")}, THEN + 7)
        old = {suffix: (live / f"a.css{suffix}").read_bytes() for suffix in (".gz", ".br")}
        result = run(tree, live=live)
        assert (result.taken, result.made) == (0, 2)
        for suffix, content in old.items():
            assert content_of(tree / f"a.css{suffix}") == (tree / "a.css").read_bytes()
            assert (live / f"a.css{suffix}").read_bytes() == content
            assert os.stat(tree / f"a.css{suffix}").st_mtime_ns == THEN + 7

    @pytest.mark.parametrize(
        "wrong", [gzip.compress(CSS + b"x", mtime=0), gzip.compress(CSS, 1, mtime=0), gzip.compress(CSS, mtime=1), b"", CSS, CSS * 100]
    )
    def test_one_that_is_wrong_or_not_as_we_make_it_is_made_anew(self, tmp_path: Path, wrong: bytes) -> None:
        live, tree = self.make(tmp_path, {"a.css": CSS})
        good = (live / "a.css.gz").read_bytes()
        (live / "a.css.gz").write_bytes(wrong)
        assert run(tree, live=live).made == 1
        assert (tree / "a.css.gz").read_bytes() == good
        assert os.stat(tree / "a.css.gz").st_mtime_ns == THEN
        assert (live / "a.css.gz").read_bytes() == wrong

    def test_other_rights_are_not_changed_through_a_link(self, tmp_path: Path) -> None:
        live, tree = self.make(tmp_path, {"a.css": CSS})
        result = run(tree, live=live, rights=Rights(os.geteuid(), os.getegid(), 0o600, 0o700))
        assert result.taken == 2
        assert {os.stat(tree / name).st_mode & 0o777 for name in result.names} == {0o600}
        assert {os.stat(live / name).st_mode & 0o777 for name in result.names} == {0o644}

    def test_a_link_and_a_pipe_in_the_live_tree_are_not_followed(self, tmp_path: Path) -> None:
        live, tree = self.make(tmp_path, {"a.css": CSS})
        (live / "a.css.gz").rename(tmp_path / "elsewhere")
        (live / "a.css.gz").symlink_to(tmp_path / "elsewhere")
        (live / "a.css.br").unlink()
        os.mkfifo(live / "a.css.br")
        result = run(tree, live=live)
        assert (result.taken, result.made) == (0, 2)
        assert all((tree / name).is_file() and not (tree / name).is_symlink() for name in result.names)

    def test_one_that_is_replaced_while_it_is_taken_over(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """What was checked and what is linked must be the same file."""
        live, tree = self.make(tmp_path, {"a.css": CSS})
        link = os.link

        def late(source: str, target: str, **options: t.Any) -> None:
            os.rename(fill(tmp_path, {"stale": b"stale"}) / "stale", source)
            link(source, target, **options)

        monkeypatch.setattr(os, "link", late)
        for name in run(tree, live=live).names:
            assert (live / name).read_bytes() == b"stale"
            assert content_of(tree / name) == CSS


def test_names_that_leave_no_place_for_a_sibling(tree: Path) -> None:
    """They are served without one; a file of 255 bytes' name, and one beside which a folder stands."""
    long, longest = "ä" * 124 + ".css", "ä" * 125 + ".css"
    fill(tree, {long: CSS, longest: CSS, "a.css": CSS, "a.css.gz/x.png": b""})
    assert run(tree, ["gzip"]).names == [f"{long}.gz"]


def test_a_host_without_brotli(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told when brotli is asked for; gzip works; what came along and cannot be checked stays."""
    monkeypatch.setattr(brotli_codec, "can_encode", lambda: False)
    monkeypatch.setattr(brotli_codec, "can_decode", lambda: False)
    fill(tree, {"a.css": CSS, "a.css.br": b"who knows"})
    with pytest.raises(ExplainedError, match="install libbrotli1"):
        run(tree)
    assert run(tree, ["gzip"]).names == ["a.css.gz"]
    assert (tree / "a.css.br").read_bytes() == b"who knows"


def test_brotli_that_cannot_be_checked_is_made_anew(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brotli_codec, "can_decode", lambda: False)
    fill(tree, {"a.css": CSS, "a.css.br": b"who knows"})
    assert run(tree).counts == {"gzip": 1, "brotli": 1}
    assert content_of(tree / "a.css.br") == CSS


def test_an_unknown_encoding(tree: Path) -> None:
    with pytest.raises(ExplainedError, match="br is no encoding of precompressed files; write gzip or brotli"):
        run(tree, ["br"])


def test_a_file_that_vanished(tree: Path) -> None:
    fill(tree, {"a.css": CSS})
    with pytest.raises(ExplainedError, match=r"gone/a\.css vanished while it was compressed"):
        precompress(str(tree), ["a.css", "gone/a.css"], BOTH, "", RIGHTS)


@pytest.mark.parametrize(("change", "message"), [("write", "changed while"), ("replace", "changed while"), ("unlink", "vanished")])
def test_a_file_that_changes_while_it_is_compressed(tree: Path, monkeypatch: pytest.MonkeyPatch, change: str, message: str) -> None:
    fill(tree, {"a.css": CSS, "b.css": CSS})
    write = precompress_sibling.write

    def meanwhile(source: precompress_sibling.Source, *rest: t.Any) -> bool:
        done = write(source, *rest)
        if change == "write":
            (tree / "a.css").write_bytes(CSS[::-1])
        elif change == "replace":
            os.replace(fill(tree, {"new": CSS[::-1]}) / "new", tree / "a.css")
        else:
            (tree / "a.css").unlink(missing_ok=True)
        return done

    monkeypatch.setattr(precompress_sibling, "write", meanwhile)
    with pytest.raises(ExplainedError, match=message):
        run(tree)


def test_after_an_error_the_rest_is_left(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tree, {f"{number}.css": CSS + b"%d" % number for number in range(50)})
    begun: list[str] = []

    def fail(source: precompress_sibling.Source, *_rest: t.Any) -> bool:
        begun.append(source.name)
        raise OSError(5, "Input/output error", source.path)

    monkeypatch.setattr(precompress_sibling, "write", fail)
    with pytest.raises(ExplainedError, match=r"cannot be made in .*: .*\.css Input/output error"):
        run(tree, workers=2)
    assert len(begun) <= 2


SMALL_PLACE = """
import os, resource, sys
from pathlib import Path
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.precompress import precompress
from ansible_collections.webops.django.plugins.module_utils.static_tree import Rights
tree, encoding, limit = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
(tree / "a.js").write_text("".join(f"{number * 7919 % 10007} " for number in range(10000)))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    precompress(str(tree), ["a.js"], [encoding], "", Rights(os.geteuid(), os.getegid(), 0o644, 0o755))
except ExplainedError as error:
    print(error)
print(sorted(os.listdir(tree)))
"""


def in_a_small_place(tmp_path: Path, encoding: str, limit: int, *wrapper: str) -> list[str]:
    """Precompress, in a process of its own, where there may be no place for the sibling; return what it printed.

    :param limit: bytes that a file may have.
    """
    command = [*wrapper, sys.executable, "-c", SMALL_PLACE, str(tmp_path), encoding, str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)))
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("encoding", BOTH)
def test_a_full_disk(tmp_path: Path, encoding: str) -> None:
    """A file system that holds the file and little more, in a mount namespace of its own: an error that says so, and nothing half-written."""
    mount = 'mount -t tmpfs -o size=56k none "$0" && exec "$@"'
    wrapper = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--mount", "sh", "-c", mount, str(tmp_path)]
    message, left = in_a_small_place(tmp_path, encoding, 1 << 30, *wrapper)
    assert "No space left on device" in message
    assert left == "['a.js']"


def test_a_limit_of_a_file_s_size(tmp_path: Path) -> None:
    message, left = in_a_small_place(tmp_path, "gzip", 10_000)
    assert "File too large" in message
    assert left == "['a.js']"
    assert in_a_small_place(tmp_path, "gzip", 1 << 30) == ["['a.js', 'a.js.gz']"]


NAMES = st.sampled_from(["a.css", "a.0123456789ab.css", "b.js", "x/c.svg", "x/d.png", "x/ä ö%.html", "noext"])
TEXTS = st.text(max_size=200).map(lambda text: text.encode() * 20)
CONTENTS = st.sampled_from([b"", b"a", CSS, CSS * 3, NOISE]) | st.binary(min_size=900, max_size=3000) | TEXTS


@settings(max_examples=150, deadline=None)
@given(
    old=st.dictionaries(NAMES, CONTENTS, max_size=5),
    new=st.dictionaries(NAMES, CONTENTS, max_size=5),
    brought=st.dictionaries(st.tuples(NAMES, st.sampled_from([".gz", ".br"])), CONTENTS | st.none(), max_size=4),
    encodings=st.sampled_from([BOTH, ("gzip",), ("brotli",), ()]),
)
def test_every_sibling_decompresses_to_its_file(
    old: dict[str, bytes], new: dict[str, bytes], brought: dict[tuple[str, str], bytes | None], encodings: t.Sequence[str]
) -> None:
    """Whatever was published and whatever came along; what was there is as it was, and running again changes nothing."""
    with tempfile.TemporaryDirectory() as folder:
        live, tree = fill(Path(folder, "live"), old), fill(Path(folder, "tree"), new)
        run(live)
        for (name, suffix), content in brought.items():
            right = new.get(name, b"")
            packed = gzip.compress(right) if suffix == ".gz" else brotli_codec.compress(right)
            fill(tree, {name + suffix: packed if content is None else content})
        published = scan(str(live))
        result = run(tree, encodings, live)
        assert scan(str(live)) == published
        for name, content in new.items():
            assert (tree / name).read_bytes() == content
            for suffix in (".gz", ".br"):
                if (tree / (name + suffix)).exists():
                    assert content_of(tree / (name + suffix)) == content
                    assert name + suffix in result.names
                    assert os.stat(tree / (name + suffix)).st_mtime_ns == THEN
        collected = {*new, *(name + suffix for name, suffix in brought)}
        assert set(names_in(tree)) == {*collected, *result.names}
        again = scan(str(tree))
        run(tree, encodings, live)
        assert scan(str(tree)) == again


LARGE_FILE = """
import os, resource, sys
from ansible_collections.webops.django.plugins.module_utils.precompress import precompress
from ansible_collections.webops.django.plugins.module_utils.static_tree import Rights
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak()
precompress(sys.argv[1], ["big.json"], sys.argv[2:], "", Rights(os.geteuid(), os.getegid(), 0o644, 0o755), workers=1)
print(peak() - before)
"""


@pytest.mark.parametrize(("encoding", "size", "most"), [("gzip", 32 << 20, 12 << 10), ("brotli", 128 << 20, 96 << 10)])
def test_large_files_are_streamed(tree: Path, encoding: str, size: int, most: int) -> None:
    """However many bytes there are, they take no more memory (in KiB) than a few blocks and the compressor's window."""
    line = b"".join(b"%d," % (number * 7919 % 100003) for number in range(20000))
    with open(tree / "big.json", "wb") as file:
        while file.tell() < size:
            file.write(line)
    command = [sys.executable, "-c", LARGE_FILE, str(tree), encoding]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)))
    assert int(done.stdout) < most
    chosen = precompress_encodings.ENCODINGS[encoding]
    source = precompress_sibling.source_at(str(tree), "big.json")
    assert source
    assert precompress_sibling.is_right(source, source.path + chosen.suffix, chosen)


def test_several_threads_work_at_once(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as there are processors, if nothing is said."""
    fill(tree, {f"{number}.css": CSS + b"%d" % number for number in range(20)})
    together = threading.Barrier(3, timeout=20)
    threads: set[int] = set()
    write = precompress_sibling.write

    def note(*args: t.Any) -> bool:
        if threading.get_ident() not in threads:
            threads.add(threading.get_ident())
            together.wait()
        return write(*args)

    monkeypatch.setattr(precompress_sibling, "write", note)
    assert run(tree, workers=3).made == 40
    assert len(threads) == 3
    assert processors() == len(os.sched_getaffinity(0))


def test_nginx_sends_them(tree: Path, tmp_path: Path) -> None:
    """gzip_static: the sibling's bytes, with the file's Last-Modified, to who accepts gzip, and the file to who does not."""
    fill(tree, {"static/a.css": CSS, "static/a.0123456789ab.css": CSS, "static/n.js": NOISE})
    run(tree)
    tree.parent.chmod(0o755)
    with NginxServer(tmp_path / "nginx") as server:
        server.site("shop.conf", f'server {{ listen PORT; root "{tree}"; location ^~ /static/ {{ gzip_static on; gzip off; }} }}')
        server.reload()
        for name in ("a.css", "a.0123456789ab.css"):
            plain, packed = server.get(f"/static/{name}"), server.get(f"/static/{name}", Accept_Encoding="gzip")
            assert (plain.status, plain.body, plain.headers.get("content-encoding")) == (200, CSS, None)
            assert (packed.status, packed.headers["content-encoding"]) == (200, "gzip")
            assert packed.body == (tree / f"static/{name}.gz").read_bytes()
            assert gzip.decompress(packed.body) == CSS
            assert packed.headers["last-modified"] == plain.headers["last-modified"]
        assert "content-encoding" not in server.get("/static/n.js", Accept_Encoding="gzip").headers
