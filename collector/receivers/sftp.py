"""SFTP: reads the files in a folder of another machine, in the format of the source.

Which files are read, when, and what becomes of them is as with a folder on this machine. The other machine proves itself by its host key,
which the settings name; from one with another key nothing is read. Links are never followed.

On failure: the connection is made again, for ever. A file is marked as read, moved or deleted only once the journal has all of it.
"""

from __future__ import annotations

import asyncio
import logging
import stat
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import asyncssh
from pydantic import field_validator

from collector.files.known import KnownFiles
from collector.files.place import FILE_MAX_BYTES, Found
from collector.files.reader import FileReader, read_for_ever
from collector.files.settings import FileSettings
from collector.plugin_settings import Reference
from collector.quarantine import EXCERPT_BYTES
from collector.receiver import ReceiverContext
from collector.receiver_settings import ReceiverSettings, parse_settings
from core.errors import UsageError
from core.secrets import resolve_secret

ANSWER_SECONDS = 30.0
PORTION_BYTES = 1 << 20
"""What is asked for at a time of a file."""
REFUSED_MAX = 1_000
"""Folders that are told by their name."""
T = TypeVar("T")
_LOG = logging.getLogger("andon.collector.sftp")
_LOST = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection)


class SftpSettings(FileSettings, ReceiverSettings):
    """Settings under ``receiver:``. ``url``: a reference to ``sftp://user:password@host:22``.

    Without the password if there is a key. ``host_key``: the machine's public key, as ``ssh-keyscan`` prints it behind the name:
    ``ssh-ed25519 AAAA…``. ``private_key``: a reference to ours, without a passphrase.
    ``path``: the folder there. The others are as those of a folder on this machine.
    """

    event_source: str = "/sftp/{folder}"
    host_key: str
    private_key: Reference | None = None

    @field_validator("host_key")
    @classmethod
    def _public_key(cls, text: str) -> str:
        try:
            asyncssh.import_public_key(text)
        except (asyncssh.KeyImportError, ValueError) as error:
            raise ValueError("write what ssh-keyscan prints behind the machine's name, such as ssh-ed25519 AAAA…") from error
        return text


class SftpReceiver:
    """Reads one folder of another machine per source."""

    name = "sftp"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the settings without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        parse_settings(SftpSettings, settings)

    async def run(self, context: ReceiverContext) -> None:
        """Read until cancelled."""
        settings = parse_settings(SftpSettings, context.source.receiver or {})
        place = RemoteFolder(settings)
        known = await asyncio.to_thread(KnownFiles, context.state, f"{settings.url} {settings.path}")
        try:
            await read_for_ever(context, FileReader(context, settings, place, known), place, settings)
        finally:
            place.close()


RECEIVER = SftpReceiver()


class RemoteFolder:
    """Implements :class:`collector.files.place.Place` over one connection, which is made again when it is lost."""

    def __init__(self, settings: SftpSettings) -> None:
        self._settings = settings
        self._path = settings.path.rstrip("/") or "/"
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None
        self._refused: set[str] = set()

    async def files(self) -> AsyncIterator[Found]:
        """Yield the regular files, as the other machine lists them."""
        waiting = [""]
        while waiting:
            below = waiting.pop()
            try:
                async for path, attributes in self._entries(below):
                    mode = attributes.permissions or 0
                    if stat.S_ISDIR(mode) and self._settings.recursive:
                        waiting.append(path)
                    elif stat.S_ISREG(mode):
                        yield Found(path, attributes.size or 0, int(attributes.mtime or 0))
            except (ConnectionError, TimeoutError):
                raise
            except OSError as error:
                if not below:
                    raise
                if below not in self._refused and len(self._refused) < REFUSED_MAX:
                    self._refused.add(below)
                    _LOG.error("a folder below is not read; the others are", extra={"fields": {"path": self._at(below), "why": str(error)}})

    async def _entries(self, below: str) -> AsyncIterator[tuple[str, asyncssh.SFTPAttrs]]:
        with self._told():
            client = await self._connected()
            entries = aiter(client.scandir(self._at(below)))
            while (entry := await _answered(anext(entries, None))) is not None:
                name = str(entry.filename)
                if name not in {".", ".."}:
                    yield f"{below}/{name}" if below else name, entry.attrs

    async def read(self, file: Found) -> bytes | None:
        """Return the content of a file, or the beginning of one that is too large."""
        with self._told():
            client = await self._connected()
            try:
                if not (await self._is_within(client, file.path) and await self._is_there(file)):
                    return None
                content = await self._content(client, file)
            except asyncssh.SFTPNoSuchFile:
                return None
            whole = len(content) == file.size or file.size > FILE_MAX_BYTES
            return content if whole and await self._is_there(file) else None

    async def _content(self, client: asyncssh.SFTPClient, file: Found) -> bytes:
        """Return at most one byte more than a file should have, or its beginning."""
        wanted, content = file.size + 1 if file.size <= FILE_MAX_BYTES else EXCERPT_BYTES, bytearray()
        opened = await _answered(client.open(self._at(file.path), "rb"))
        try:
            while len(content) < wanted and (part := await _answered(opened.read(min(PORTION_BYTES, wanted - len(content))))):
                content += bytes(part)  # type: ignore[arg-type] # it was opened for bytes
        finally:
            await _answered(opened.close())
        return bytes(content)

    async def move(self, file: Found, to: str) -> bool:
        """Move a file into a folder below this one."""
        with self._told():
            client = await self._connected()
            if not await self._is_there(file):
                return False
            await _answered(client.makedirs(self._at(to), exist_ok=True))
            if not await self._is_within(client, to):
                raise NotADirectoryError(f"'{to}' is a link; nothing is moved out of the folder")
            number, name = 0, file.name
            while await _answered(client.lexists(self._at(f"{to}/{name}"))):
                number += 1
                name = f"{file.name}.{number}"
            await _answered(client.rename(self._at(file.path), self._at(f"{to}/{name}")))
            return True

    async def delete(self, file: Found) -> bool:
        """Delete a file."""
        with self._told():
            client = await self._connected()
            if not await self._is_there(file):
                return False
            await _answered(client.remove(self._at(file.path)))
            return True

    async def changed(self, seconds: float) -> None:
        """Wait: the protocol tells of no changes."""
        await asyncio.sleep(seconds)

    def close(self) -> None:
        """End the connection; the next call makes another one."""
        if self._connection is not None:
            self._connection.abort()
        self._connection = self._client = None

    def _at(self, path: str) -> str:
        return f"{self._path.rstrip('/')}/{path}" if path else self._path

    async def _is_within(self, client: asyncssh.SFTPClient, path: str) -> bool:
        """Return whether no link on the way leads elsewhere: the real path would be another one."""
        root, real = await _answered(client.realpath(self._path)), await _answered(client.realpath(self._at(path)))
        return real == f"{str(root).rstrip('/')}/{path}"

    async def _is_there(self, file: Found) -> bool:
        assert self._client is not None  # noqa: S101 - connected by the caller
        try:
            found = await _answered(self._client.lstat(self._at(file.path)))
        except asyncssh.SFTPNoSuchFile:
            return False
        return stat.S_ISREG(found.permissions or 0) and (found.size, int(found.mtime or 0)) == (file.size, file.written)

    async def _connected(self) -> asyncssh.SFTPClient:
        if self._client is None:
            settings = self._settings
            address = urlsplit(await asyncio.to_thread(resolve_secret, settings.url))
            if address.scheme != "sftp" or not address.hostname:
                raise UsageError(f"secret {settings.url}: write sftp://user:password@host:22")
            keys = (
                [asyncssh.import_private_key(await asyncio.to_thread(resolve_secret, settings.private_key))] if settings.private_key else []
            )
            self._connection = await _answered(
                asyncssh.connect(
                    address.hostname,
                    address.port or 22,
                    username=unquote(address.username or ""),
                    password=unquote(address.password) if address.password is not None else None,
                    client_keys=keys,
                    known_hosts=([asyncssh.import_public_key(settings.host_key)], [], []),
                    agent_path=None,
                    config=None,
                    login_timeout=ANSWER_SECONDS,
                    keepalive_interval=ANSWER_SECONDS / 2,
                    keepalive_count_max=2,
                )
            )
            self._client = await _answered(self._connection.start_sftp_client(path_errors="surrogateescape"))
        return self._client

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Raise what went wrong as the contract says."""
        try:
            yield
        except asyncssh.SFTPPermissionDenied as error:
            raise PermissionError(error.reason) from error
        except _LOST as error:
            self.close()
            raise ConnectionError(error.reason) from error
        except asyncssh.SFTPError as error:
            raise OSError(error.reason) from error
        except (asyncssh.Error, asyncssh.KeyImportError) as error:
            self.close()
            raise ConnectionError(f"{type(error).__name__}: {error}") from error
        except NotADirectoryError:
            raise
        except OSError as error:  # also of what was not answered in time
            self.close()
            raise ConnectionError(str(error)) from error


async def _answered(asked: Awaitable[T]) -> T:
    """Return what the other machine answers in time: it may answer that it is there, and nothing else, for ever."""
    try:
        # a client's own limit is often asyncio.wait_for's, which before Python 3.12 can lose our cancellation
        async with asyncio.timeout(ANSWER_SECONDS):
            return await asked
    except TimeoutError as error:
        raise TimeoutError(f"the machine has not answered within {ANSWER_SECONDS:.0f} seconds") from error
