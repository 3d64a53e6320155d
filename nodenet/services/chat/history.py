"""
A chat's history in an SQLite file.

One connection in one thread of its own, so that no slow disk ever holds up the reactor, and nobody's name lookups
wait behind a write.  The thread does what it is asked for one thing after the other.

The file is in WAL mode with C{synchronous=FULL}: what L{History.write} has said is written, survives a C{kill -9} and
a loss of power.  It is locked for as long as it is open, because two chats that write into one file would mix their
ids.  It carries a version, and a file with a newer one, or of another program, is left alone.

SQLite does not notice when its file is removed or replaced and would write into what nobody can open any more.  So each
write looks whether the file is still the one that was opened.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from math import inf
from typing import Any, Final, NamedTuple

from twisted.enterprise.adbapi import ConnectionPool
from twisted.internet.defer import Deferred

from nodenet.adapter.turn import inTurn
from nodenet.services.chat.bus import LOBBY, LOGS, TOPIC, Entry, Key, keyOf

MEMORY: Final = ":memory:"
"""The path of a history without a file."""

VERSION: Final = 1
"""Of the tables, in the file's C{user_version}."""

_APPLICATION: Final = 0x6E6E6368  # "nnch"

# How every SQLite file begins.
_MAGIC: Final = b"SQLite format 3\0"

FULL_ROOMS: Final = 10
"""As many entries as this many rooms may have are kept in all."""

AVERAGE: Final = 200
"""And no more characters than if each of them had so many; the lobby has its own."""

# So many entries go into the file at once.  No SQLite takes less than 999 values.
_TOGETHER: Final = 100

# How often, in ms of the log's time, all rooms are searched for what is too old.
_PRUNE_EVERY: Final = 60_000

_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE entry (
    room TEXT NOT NULL, ms INTEGER NOT NULL, n INTEGER NOT NULL, type TEXT NOT NULL, session TEXT NOT NULL,
    nickname TEXT NOT NULL, body TEXT NOT NULL, addressee TEXT NOT NULL, PRIMARY KEY (room, ms, n)
) WITHOUT ROWID;
CREATE TABLE last (ms INTEGER NOT NULL, n INTEGER NOT NULL);
INSERT INTO last VALUES (0, 0);
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {VERSION};
COMMIT;
"""


class HistoryRefused(Exception):
    """A file that cannot or must not be used.  C{str()} of it is one sentence."""


def check(path: str) -> None:
    """
    Whether a history could be kept at C{path}.  Nothing is created.

    @raise HistoryRefused: not there, not by this user, or not in the file that is there, which is another program's.
    """
    if os.path.exists(path) and not os.path.isfile(path):
        raise HistoryRefused(f"the history {path} is not a file")
    if not os.path.exists(path):
        above = os.path.dirname(os.path.abspath(path))
        while not os.path.lexists(above):
            above = os.path.dirname(above)
        if not os.path.isdir(above):
            raise HistoryRefused(f"the history {path} cannot be created: {above} is not a directory")
        if not os.access(above, os.W_OK | os.X_OK):
            raise HistoryRefused(f"the history {path} cannot be created: {above} cannot be written")
        return
    try:
        with open(path, "r+b") as file:
            header = file.read(72)
    except OSError as error:
        raise HistoryRefused(f"the history {path} cannot be used: {error.strerror}") from error
    # A damaged one, blank where a crash has lost a page, is no reason not to start: that is dealt with as any other
    # trouble with the disk.
    if not header.startswith(_MAGIC):
        if header.strip(b"\0"):
            raise HistoryRefused(f"{path} is not a chat's history")
    elif len(header) == 72:
        _refuse(path, int.from_bytes(header[68:]), int.from_bytes(header[60:64]))


def _refuse(path: str, application: int, version: int) -> None:
    if application != _APPLICATION:
        raise HistoryRefused(f"{path} is not a chat's history")
    if version > VERSION:
        raise HistoryRefused(f"the history {path} is of a newer nodenet (its version is {version}, ours {VERSION})")


class _Pool(ConnectionPool):
    """One connection in one thread, to a file that is created as it should be."""

    def __init__(self, path: str, **options: Any) -> None:
        super().__init__("sqlite3", path, cp_min=1, cp_max=1, **options)  # type: ignore[no-untyped-call]
        self._path = path

    def connect(self) -> Any:
        if self._path != MEMORY and self.threadID() not in self.connections:  # type: ignore[no-untyped-call]
            _create(self._path)
        return super().connect()  # type: ignore[no-untyped-call]


class History:
    """
    The file.  What is asked for is done in the order of the calls; all of it fails with C{sqlite3.Error} or C{OSError}
    when the disk does, and with L{HistoryRefused}.

    @param path: where; a directory that is missing is created for this user alone.  L{MEMORY}: nowhere.
    @param lines: how many entries of a room are kept; 0: all.
    @param reactor: where the answers are wanted.
    """

    def __init__(self, path: str, lines: int, reactor: Any) -> None:
        self.path = path
        self._lines = lines
        self._reactor = reactor
        self._pool: Any = None
        # Only the thread looks at these.
        self._identity: tuple[int, int] | None = None
        self._rooms: dict[str, _Kept] = {}
        self._pruned = 0

    # --- for the reactor's thread ----------------------------------------------------------------

    def open(
        self, tail: tuple[int, float], elsewhere: tuple[int, float]
    ) -> Deferred[tuple[Key, dict[str, list[Entry]], dict[str, str]]]:
        """
        Open the file, anew if it is open.

        @param tail: how many entries of the lobby are wanted, and how many characters are enough.
        @param elsewhere: the same of each other room.
        @return: fires with the greatest key that was ever given out, as far as the file knows, with the last entries
            of each room, and with the topics of those that have one.
        """
        if self._pool is None:
            self._pool = _Pool(
                self.path,
                timeout=1,
                check_same_thread=False,  # Twisted closes what is left over in the reactor's thread
                cp_openfun=self._prepare,
                cp_reactor=self._reactor,
            )
            self._pool.start()
        else:
            self._pool.threadpool.callInThread(self._disconnect)
        return self._run(self._load, tail, elsewhere)

    def write(self, rows: Sequence[tuple[str, Entry]], last: Key, horizon: int) -> Deferred[None]:
        """
        Add entries, and drop what is too many or too old.

        @param rows: rooms and entries with ids.  One that is there already is left as it is.
        @param last: the greatest key that was given out.
        @param horizon: what is before this time, in ms since the epoch, is too old.
        @return: fires when it is on the disk: all of it, or on failure nothing.
        """
        return self._run(self._write, rows, last, horizon)

    def read(self, room: str, after: Key, before: Key, limit: int) -> Deferred[list[Entry]]:
        """
        @param limit: at most so many, the last ones; -1: all.
        @return: fires with the entries of C{room} between two keys, oldest first.
        """
        return self._run(self._read, room, after, before, limit)

    def close(self) -> Deferred[None]:
        """
        Close the file and end the thread.  Never fails.
        """
        closed: Deferred[None] = Deferred()
        pool, self._pool = self._pool, None
        if pool is None:
            closed.callback(None)
            return closed

        def end() -> None:
            pool.close()
            inTurn(closed.callback, None)

        # In the thread, because it may have to wait for the disk; ending the thread is quick then.
        pool.threadpool.callInThreadWithCallback(
            lambda success, result: self._reactor.callFromThread(end), self._disconnect, pool
        )
        return closed

    def _run(self, function: Any, *args: Any) -> Deferred[Any]:
        answer: Deferred[Any] = Deferred()
        self._pool.runWithConnection(function, *args).addBoth(lambda result: inTurn(answer.callback, result))
        return answer

    # --- in the thread of the pool ---------------------------------------------------------------

    def _disconnect(self, pool: Any = None) -> None:
        pool = pool or self._pool
        pool.disconnect(pool.connections.get(pool.threadID()))

    def _prepare(self, connection: Any) -> None:
        """A new connection."""
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if tables or version or application:
                _refuse(self.path, application, version)
            else:
                # Before the WAL, so that the version is in the file itself.
                connection.executescript(_SCHEMA)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            self._identity = _identityOf(self.path)
        except BaseException:
            connection.close()
            raise

    def _load(
        self, connection: Any, tail: tuple[int, float], elsewhere: tuple[int, float]
    ) -> tuple[Key, dict[str, list[Entry]], dict[str, str]]:
        self._rooms = _count(connection)
        self._pruned = 0
        last = connection.execute("SELECT ms, n FROM last").fetchone()
        topics = connection.execute("SELECT room, body FROM entry WHERE type = ? ORDER BY ms, n", (TOPIC,)).fetchall()
        end = (1 << 62, 0)
        entries = {
            room: self._read(connection, room, (0, 0), end, *(tail if room == LOBBY else elsewhere))
            for room in self._rooms
        }
        return last, entries, dict(topics)

    def _read(
        self, connection: Any, room: str, after: Key, before: Key, limit: int, enough: float = inf
    ) -> list[Entry]:
        """@param enough: stop with the entry with which there are more characters than this."""
        entries: list[Entry] = []
        for row in connection.execute(
            "SELECT type, session, nickname, body, addressee, ms || '-' || n, ms FROM entry"
            " WHERE room = ? AND (ms, n) > (?, ?) AND (ms, n) < (?, ?) ORDER BY ms DESC, n DESC LIMIT ?",
            (room, *after, *before, limit),
        ):
            entries.append(Entry(*row))
            enough -= len(entries[-1].body)
            if enough < 0:
                break
        entries.reverse()
        return entries

    def _write(self, connection: Any, rows: Sequence[tuple[str, Entry]], last: Key, horizon: int) -> None:
        if self.path != MEMORY and self._identity != _identityOf(self.path):
            raise OSError("the file was removed or replaced")
        rooms = dict(self._rooms)
        self._insert(connection, rows, rooms)
        connection.execute("UPDATE last SET ms = ?, n = ?", last)
        pruned = not rows or horizon - self._pruned >= _PRUNE_EVERY
        self._dropOld(connection, rooms, horizon if pruned else 0)
        self._dropRooms(connection, rooms)
        connection.commit()
        self._rooms = rooms
        if pruned:
            self._pruned = horizon

    def _insert(self, connection: Any, rows: Sequence[tuple[str, Entry]], rooms: dict[str, _Kept]) -> None:
        together: list[tuple[str, Entry]] = []
        for room, entry in rows:
            isTopic = entry.type == TOPIC
            if isTopic or len(together) == _TOGETHER:
                _insertAll(connection, rooms, together)
                together = []
            if isTopic:
                # The last one is kept, whatever was said since; the others are only a part of what was.
                _delete(connection, rooms, room, "type = ?", TOPIC)
            together.append((room, entry))
        _insertAll(connection, rooms, together)

    def _dropOld(self, connection: Any, rooms: dict[str, _Kept], horizon: int) -> None:
        for room in list(rooms):
            if horizon > 0:
                _delete(connection, rooms, room, "ms < ?", horizon)
            surplus = rooms[room].entries - self._lines
            if self._lines and surplus > 0:
                _delete(
                    connection,
                    rooms,
                    room,
                    "type != ? AND (ms, n) <="
                    " (SELECT ms, n FROM entry WHERE room = ? AND type != ? ORDER BY ms, n LIMIT 1 OFFSET ?)",
                    TOPIC,
                    room,
                    TOPIC,
                    surplus - 1,
                )
            if not rooms[room].entries:
                del rooms[room]

    def _dropRooms(self, connection: Any, rooms: dict[str, _Kept]) -> None:
        """Forget what was silent for longest, where there are too many rooms or too much in all of them."""
        most = self._lines * FULL_ROOMS or sys.maxsize
        total = sum(kept.entries for kept in rooms.values())
        text = sum(kept.text for room, kept in rooms.items() if room != LOBBY)

        def fit() -> bool:
            return len(rooms) <= LOGS and total <= most and text <= most * AVERAGE

        if fit():
            return
        for room, kept in sorted(rooms.items(), key=lambda item: item[1].latest):
            if fit():
                break
            if room != LOBBY:
                total -= kept.entries
                text -= kept.text
                _delete(connection, rooms, room, "true")
                del rooms[room]


class _Kept(NamedTuple):
    """
    What the file has of one room.

    @ivar entries: how many entries.
    @ivar text: with how many characters.
    @ivar latest: when the last one was added, in ms since the epoch.
    """

    entries: int
    text: int
    latest: int


_NOTHING = _Kept(0, 0, 0)


def _count(connection: Any) -> dict[str, _Kept]:
    """What the file has of each room."""
    found = connection.execute("SELECT room, count(*), sum(length(body)), max(ms) FROM entry GROUP BY room").fetchall()
    return {room: _Kept(*numbers) for room, *numbers in found}


def _insertAll(connection: Any, rooms: dict[str, _Kept], rows: Sequence[tuple[str, Entry]]) -> None:
    """
    Add some entries, and count them.

    They go with one statement.  For each statement the thread gives Python's lock away and takes it back, from the
    reactor's thread; with one for each line, a chat that was busy lost four tenths of its speed.
    """
    if not rows:
        return
    values: list[Any] = []
    for room, entry in rows:
        values += (room, *keyOf(entry.id), entry.type, entry.session, entry.nickname, entry.body, entry.to)
    statement = "INSERT OR IGNORE INTO entry VALUES" + ",".join(["(?,?,?,?,?,?,?,?)"] * len(rows))
    try:
        added = connection.execute(statement, values).rowcount
    except UnicodeEncodeError:
        added = connection.execute(statement, [_storable(each) for each in values]).rowcount
    if added < len(rows):
        # Some were there already.
        rooms.clear()
        rooms.update(_count(connection))
        return
    for room, entry in rows:
        kept = rooms.get(room, _NOTHING)
        rooms[room] = _Kept(kept.entries + 1, kept.text + len(entry.body), entry.time)


def _delete(connection: Any, rooms: dict[str, _Kept], room: str, condition: str, *values: object) -> None:
    """Take entries out of a room, and out of the count."""
    where, values = f"FROM entry WHERE room = ? AND {condition}", (_storable(room), *values)
    count, text = connection.execute(f"SELECT count(*), ifnull(sum(length(body)), 0) {where}", values).fetchone()
    if count:
        connection.execute(f"DELETE {where}", values)
    kept = rooms.get(room, _NOTHING)
    rooms[room] = _Kept(kept.entries - count, kept.text - text, kept.latest)


def _storable(value: Any) -> Any:
    """As SQLite takes it: half a surrogate pair in a text, which only a defect can have put there, becomes C{?}."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _identityOf(path: str) -> tuple[int, int] | None:
    with suppress(OSError):
        found = os.stat(path)
        return found.st_dev, found.st_ino
    return None


def _create(path: str) -> None:
    """The file, and its directory, for this user alone: SQLite would go by the umask."""
    directory = os.path.dirname(os.path.abspath(path))
    os.makedirs(directory, mode=0o700, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
