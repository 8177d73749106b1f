"""What a power loss leaves of a directory, from the log of test/power_loss/power_loss.cc.

A disk keeps what was synced. Of the rest it may keep any sectors of 512 bytes,
and any of the changes to the directory that no sync of the directory came after.
"""
import pathlib
import struct

SECTOR = 512
CREATE, OPEN, WRITE, DURABLE, SYNC, TRUNCATE, RENAME, REMOVE, DIRECTORY_SYNC = range(1, 10)
RECORD = struct.Struct("<IIQQ")


class File:
    """What programs see of it, what the disk has for certain, and where the two may differ."""

    def __init__(self, contents=b""):
        self.seen = bytearray(contents)
        self.durable = bytearray(contents)
        self.unsynced = set()  # sectors

    def write(self, at, data):
        end = at + len(data)
        if len(self.seen) < end:
            self.seen.extend(bytes(end - len(self.seen)))
        self.seen[at:end] = data
        self.unsynced.update(range(at // SECTOR, (end + SECTOR - 1) // SECTOR))

    def truncate(self, size):
        self.unsynced.update(range(size // SECTOR, len(self.seen) // SECTOR + 1))
        del self.seen[size:]
        self.unsynced = {sector for sector in self.unsynced if sector * SECTOR < size}

    def make_durable(self, sectors):
        for sector in sectors:
            copy_sector(self.seen, self.durable, sector)
        self.unsynced.difference_update(sectors)

    def after_power_loss(self, keeps):
        left = bytearray(self.durable)
        for sector in sorted(self.unsynced):
            if keeps():
                copy_sector(self.seen, left, sector)
        return bytes(left)


def copy_sector(source, target, sector):
    data = source[sector * SECTOR:(sector + 1) * SECTOR]
    end = sector * SECTOR + len(data)
    if len(target) < end:
        target.extend(bytes(end - len(target)))
    target[sector * SECTOR:end] = data


class Directory:
    """The data directory, as programs see it and as the disk has it."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.names = {}      # as programs see them
        self.durable = {}    # as the disk has them
        self.unsynced = []   # changes, each {name: file or None}
        self.load()

    def load(self):
        """What stands there now is all durable."""
        files = self.path.iterdir() if self.path.exists() else ()
        self.names = {file.name: File(file.read_bytes()) for file in files}
        self.durable = dict(self.names)
        self.unsynced = []

    def change(self, change):
        self.unsynced.append(change)
        apply_change(self.names, change)

    def follow(self, log, is_honest=True):
        """Follows what one process did. A disk that is not honest forgets what it was told to sync."""
        files = {}
        writes = {}
        changes_at = []  # how many changes to the directory there were before each record
        synced = 0
        for number, (kind, file, at, data) in enumerate(read_log(log)):
            changes_at.append(synced + len(self.unsynced))
            if kind == CREATE:
                files[file] = File()
                self.change({data.decode(): files[file]})
            elif kind == OPEN:
                files[file] = self.names[data.decode()]
            elif kind == WRITE:
                files[file].write(at, data)
                writes[number] = (at, len(data))
            elif kind == DURABLE and is_honest:
                begin, size = writes[at]
                sectors = range(begin // SECTOR, (begin + size + SECTOR - 1) // SECTOR)
                files[file].make_durable(sectors)
            elif kind == SYNC and is_honest:
                files[file].make_durable(sorted(files[file].unsynced))
            elif kind == TRUNCATE:
                files[file].truncate(at)
            elif kind == RENAME:
                old, new = data.decode().split("/")
                self.change({new: self.names[old], old: None})
            elif kind == REMOVE:
                self.change({data.decode(): None})
            elif kind == DIRECTORY_SYNC and is_honest:
                begun = changes_at[at]
                while synced < begun:
                    apply_change(self.durable, self.unsynced.pop(0))
                    synced += 1

    def lose_power(self, random, share):
        """Leaves of the directory what the disk has, and of the rest about this share."""
        def keeps():
            return random.random() < share
        left = dict(self.durable)
        for change in self.unsynced:
            if keeps():
                apply_change(left, change)
        for file in self.path.iterdir():
            file.unlink()
        for name, file in left.items():
            (self.path / name).write_bytes(file.after_power_loss(keeps))
        self.load()

    def survive_a_kill(self):
        """The process is gone, the page cache is not: what is there is seen, but no more durable."""
        there = {file.name: file for file in self.path.iterdir()}
        # A change may have been written down and not made.
        while set(self.names) - set(there) and self.unsynced:
            self.unsynced.pop()
            self.names = dict(self.durable)
            for change in self.unsynced:
                apply_change(self.names, change)
        for name, path in there.items():
            if name not in self.names:
                self.change({name: File()})
            self.names[name].write(0, path.read_bytes())
            del self.names[name].seen[path.stat().st_size:]


def apply_change(names, change):
    for name, file in change.items():
        if file is None:
            names.pop(name, None)
        else:
            names[name] = file


def read_log(path):
    """Yields (kind, file, at, data); a record that the kill cut off was never acted upon."""
    path = pathlib.Path(path)
    log = path.read_bytes() if path.exists() else b""  # it was killed before its first call
    at = 0
    while at + RECORD.size <= len(log):
        kind, size, file, where = RECORD.unpack_from(log, at)
        at += RECORD.size
        if at + size > len(log):
            return
        yield kind, file, where, log[at:at + size]
        at += size
