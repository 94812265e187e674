"""Running states in mapped files: whole or not there, and written only where they changed."""

import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.store.state_files import StateFiles
from aiops.store.state_headers import PAGE_BYTES

SHARD = "shop.prod.0"
BOOT = "boot"
PAIR = np.dtype([("onset", "<i8"), ("peak", "<f4")])

Arrays = dict[str, npt.NDArray[Any]]


class Disk:
    """Counts what is written; the process dies after so many bytes."""

    def __init__(self, room: int = 1 << 40) -> None:
        self.written = 0
        self.room = room

    def __call__(self, descriptor: int, data: memoryview, offset: int) -> int:
        part = data[: self.room - self.written]
        if not part:
            raise KilledError
        self.written += len(part)
        return os.pwrite(descriptor, part, offset)


class KilledError(Exception):
    """Stands for a kill -9 at this point."""


def state(number: int, count: int = 3000) -> Arrays:
    """Return the arrays of a state, none of them like those of another number."""
    pairs = np.zeros(count, dtype=PAIR)
    pairs["onset"], pairs["peak"] = number, np.arange(count)
    return {
        "level": np.full(count, number, dtype=np.float32),
        "ring": np.full((6, count), number, dtype=np.float32),
        "open": np.full(count, number % 2, dtype=np.bool_),
        "pairs": pairs,
    }


def same(one: Any, other: Arrays) -> bool:
    return one.keys() == other.keys() and all(
        one[name].dtype == other[name].dtype and np.array_equal(one[name], other[name])
        for name in one
    )


@pytest.fixture
def faults() -> list[str]:
    return []


def files_in(directory: Path, faults: list[str] | None = None, disk: Disk | None = None) -> Any:
    told: list[str] = [] if faults is None else faults
    return StateFiles(directory, BOOT, told.append, disk or Disk())


def save(files: StateFiles, name: str, arrays: Arrays) -> bool:
    with files.held(SHARD) as file:
        return file is not None and file.save(name, {"at": name}, arrays)


def loaded(files: StateFiles, name: str) -> Any:
    """Return a copy of the arrays saved under a name."""
    with files.held(SHARD) as file:
        found = file.load(name) if file else None
        return found and {key: array.copy() for key, array in found[1].items()}


def changed(files: StateFiles, old: str, new: str, changes: Arrays) -> None:
    """Do as a task does: load a state, save it with some arrays anew."""
    with files.held(SHARD) as file:
        assert file is not None
        found = file.load(old)
        assert found is not None
        assert file.save(new, {}, {**found[1], **changes})


def test_a_state_is_found_under_its_place_in_the_log_alone(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    assert save(files, "10-0-1", state(1))
    assert loaded(files, "11-0-1") is None
    assert same(loaded(files_in(tmp_path), "10-0-1"), state(1))
    with files.held(SHARD) as file:
        assert file.load("10-0-1")[0] == {"at": "10-0-1"}


def test_what_is_loaded_cannot_be_changed(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    save(files, "a", state(1))
    with files.held(SHARD) as file:
        assert not any(array.flags.writeable for array in file.load("a")[1].values())


def test_the_state_before_stays_until_the_next_but_one(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    save(files, "a", state(1))
    changed(files, "a", "b", state(2))
    assert same(loaded(files, "a"), state(1))
    changed(files, "b", "c", state(3))
    assert loaded(files, "a") is None
    assert same(loaded(files, "b"), state(2))
    assert same(loaded(files, "c"), state(3))


def test_only_arrays_that_are_new_are_written(tmp_path: Path) -> None:
    disk = Disk()
    files = files_in(tmp_path, disk=disk)
    save(files, "a", state(1))
    whole, disk.written = disk.written, 0
    changed(files, "a", "b", {"open": state(2)["open"]})
    assert whole > 100_000
    assert disk.written < PAGE_BYTES + 1000
    assert same(loaded(files, "b"), {**state(1), "open": state(2)["open"]})


def test_an_array_under_another_name_is_not_written_again(tmp_path: Path) -> None:
    disk = Disk()
    files = files_in(tmp_path, disk=disk)
    rows = {f"row/{number}": np.full(3000, number, dtype=np.float32) for number in range(4)}
    save(files, "a", rows)
    disk.written = 0
    with files.held(SHARD) as file:
        known = file.load("a")[1]
        moved = {f"row/{number}": known[f"row/{number + 1}"] for number in range(3)}
        file.save("b", {}, {**moved, "row/3": np.full(3000, 4, dtype=np.float32)})
    assert disk.written < 3 * PAGE_BYTES + 1000
    assert [row[0] for row in loaded(files, "b").values()] == [1, 2, 3, 4]


def blocks(directory: Path) -> int:
    """Return what the disk holds of a file, in blocks of 512 bytes."""
    (path,) = (directory / SHARD).iterdir()
    return path.stat().st_blocks


def test_a_file_does_not_grow_with_the_ticks(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    save(files, "0", state(0))
    size = 0
    for number in range(1, 60):
        fresh = state(number)
        names = [name for place, name in enumerate(fresh) if (number >> place) % 2]
        changed(files, str(number - 1), str(number), {name: fresh[name] for name in names})
        if number == 15:
            size = blocks(tmp_path)
    assert blocks(tmp_path) <= size
    assert blocks(tmp_path) * 512 < 4 * sum(one.nbytes for one in state(0).values())


def test_a_shard_that_has_grown_finds_room(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    save(files, "a", state(1, 10))
    changed(files, "a", "b", state(2, 50_000))
    assert same(loaded(files, "a"), state(1, 10))
    assert same(loaded(files, "b"), state(2, 50_000))


@settings(max_examples=150, deadline=None)
@given(
    names=st.sets(st.sampled_from(["level", "ring", "open", "pairs"])),
    share=st.floats(0, 1),
    forgotten=st.booleans(),
)
def test_whoever_is_killed_leaves_the_old_state_or_the_new_one(
    tmp_path_factory: pytest.TempPathFactory, names: set[str], share: float, forgotten: bool
) -> None:
    directory = tmp_path_factory.mktemp("torn")
    disk = Disk()
    files = files_in(directory, disk=disk)
    save(files, "a", state(1, 700))
    changed(files, "a", "b", state(2, 700))
    new = {**state(2, 700), **{name: state(3, 700)[name] for name in names}}
    disk.written, disk.room = 0, int(share * 45_000)
    try:
        if forgotten:  # by SQL, say: then nothing that is in the file is loaded
            save(files, "c", new)
        else:
            changed(files, "b", "c", {name: new[name] for name in names})
    except KilledError:
        pass
    after = files_in(directory)
    whole = {"a": state(1, 700), "b": state(2, 700), "c": new}
    found = {name: loaded(after, name) for name in whole}
    assert all(one is None or same(one, whole[name]) for name, one in found.items())
    assert found["c"] is not None or forgotten or found["b"] is not None


def test_every_byte_of_a_torn_header_counts(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    save(files, "a", {"level": np.arange(3, dtype=np.float32)})
    (path,) = (tmp_path / SHARD).iterdir()
    content = path.read_bytes()
    header = content[: 1 << 16].rstrip(b"\0")
    for place in range(len(header)):
        torn = bytearray(content)
        torn[place] ^= 1
        path.write_bytes(torn)
        assert loaded(files_in(tmp_path), "a") is None, place


def test_two_never_have_a_file_at_once(tmp_path: Path) -> None:
    first, second = files_in(tmp_path), files_in(tmp_path)
    order: list[str] = []

    def work() -> None:
        with second.held(SHARD):
            order.append("second")

    with first.held(SHARD):
        waiting = threading.Thread(target=work)
        waiting.start()
        waiting.join(0.05)
        order.append("first")
    waiting.join(5)
    assert order == ["first", "second"]


def test_what_another_process_left_is_seen(tmp_path: Path) -> None:
    first, second = files_in(tmp_path), files_in(tmp_path)
    save(first, "a", state(1))
    changed(second, "a", "b", state(2, 40_000))
    changed(first, "b", "c", {"level": state(3, 40_000)["level"]})
    assert same(loaded(second, "c"), {**state(2, 40_000), "level": state(3, 40_000)["level"]})


def test_a_file_that_was_removed_or_replaced_is_made_anew(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    save(files, "a", state(1))
    (path,) = (tmp_path / SHARD).iterdir()
    path.unlink()
    assert loaded(files, "a") is None
    path.unlink()
    path.write_bytes(b"junk")
    assert loaded(files, "a") is None
    assert save(files, "b", state(2))
    assert same(loaded(files_in(tmp_path), "b"), state(2))


def test_a_file_that_was_cut_holds_nothing(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    save(files, "a", state(1))
    (path,) = (tmp_path / SHARD).iterdir()
    with path.open("r+b") as file:
        file.truncate(200_000)
    assert loaded(files, "a") is None
    assert save(files, "a", state(1))
    assert same(loaded(files, "a"), state(1))


def test_files_of_an_earlier_boot_are_removed(tmp_path: Path) -> None:
    save(files_in(tmp_path), "a", state(1))
    later = StateFiles(tmp_path, "another", list[str]().append)
    assert loaded(later, "a") is None
    assert [path.name for path in (tmp_path / SHARD).iterdir()] == ["another"]


def test_without_a_boot_there_are_no_files(tmp_path: Path) -> None:
    with StateFiles(tmp_path, "", list[str]().append).held(SHARD) as file:
        assert file is None
    assert not list(tmp_path.iterdir())


def test_a_directory_that_cannot_be_made_is_told_of(tmp_path: Path, faults: list[str]) -> None:
    (tmp_path / "way").write_bytes(b"in the way")
    assert not save(files_in(tmp_path / "way", faults), "a", state(1))
    assert "cannot be opened" in faults[0]


def test_a_disk_that_is_full_is_told_of(tmp_path: Path, faults: list[str]) -> None:
    def full(_descriptor: int, _data: memoryview, _offset: int) -> int:
        raise OSError(28, "No space left on device")

    files = StateFiles(tmp_path, BOOT, faults.append, full)
    assert not save(files, "a", state(1))
    assert "No space left" in faults[0]


def test_more_arrays_than_a_header_can_name_are_refused(tmp_path: Path, faults: list[str]) -> None:
    files = files_in(tmp_path, faults)
    save(files, "a", state(1))
    many = {f"{number:0>30}": np.zeros(1, dtype=np.int8) for number in range(3000)}
    assert not save(files, "b", many)
    assert "more than a header has room" in faults[0]
