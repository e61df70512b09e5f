"""What happens to jobs and studies, read once for all who follow them.

One thread reads, however many follow: how far everything is that somebody follows, once a second or so with one
statement, and the events that a follower lacks when it asks for them; those who ask for the same get one answer. So a
follower costs other requests no thread, no connection and hardly any time. Nothing is kept for one who is slow: it asks
again when it has sent what it got.
"""

import asyncio
import logging
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias

from sqlalchemy.orm import Session

from api.http.sse import PING, PING_SECONDS, message
from normlab.documents.events import EventKind
from normlab.store import Database, heads
from normlab.store.availability import is_unavailable, why_unavailable
from normlab.store.heads import Head, Kind

QUIET_SECONDS = 1.0
"""How often the database is asked while nothing happens."""
LIVELY_SECONDS = 0.25
"""How often while events come, and for ``LIVELY_FOR_SECONDS`` after the last one."""
LIVELY_FOR_SECONDS = 2.0
PAGE = 200
"""How many events of an item are read at once."""
_ENDING_SECONDS = 1.0
"""How long the end of the process waits for what is being read."""

_UNREAD = Head(event_count=sys.maxsize, state="", reason=None, is_final=False, progress=None)

_log = logging.getLogger(__name__)


class NumberedEvent(Protocol):
    """An event of a job or a study, as the store has it."""

    @property
    def kind(self) -> EventKind:
        """What it tells."""

    @property
    def number(self) -> int:
        """Counted from 1 as it happened."""


@dataclass(frozen=True)
class Source:
    """A kind of item that can be followed."""

    kind: Kind
    noun: str
    """What the end of its stream calls it."""
    after: Callable[[Session, str, int], Sequence[NumberedEvent]]
    """Of an item, the events behind a number, in order, at most ``PAGE``."""
    data: Callable[[Any], dict[str, Any]]
    """What the ``data:`` line of an event holds."""


class Item:
    """A job or study that somebody follows."""

    def __init__(self, source: Source, item_id: str) -> None:
        self.source = source
        self.id = item_id
        self.followers = 0
        self.head: Head | None = _UNREAD
        """As it was last read. None: there is none."""
        self.error: Exception | None = None
        """Why it is not read any more."""
        self.changed = asyncio.Event()
        """Set when one of these has changed, or the process ends; the next change has another."""

    def wake(self) -> None:
        """Tell the followers that something has changed."""
        self.changed.set()
        self.changed = asyncio.Event()


class Page(NamedTuple):
    """Events of an item behind a number, in order."""

    messages: Sequence[bytes]
    known: int
    """The number up to which all that there was has been read."""


_Question: TypeAlias = tuple[Item, int]
"""Which events of the item are behind the number?"""


class Feed:
    """The reader of a process. It belongs to the event loop; only ``_read`` runs in the reading thread."""

    def __init__(self, database: Database, *, quiet_seconds: float = QUIET_SECONDS) -> None:
        self._database = database
        self._quiet_seconds, self._lively_seconds = quiet_seconds, min(quiet_seconds, LIVELY_SECONDS)
        self._items: dict[str, Item] = {}
        self._questions: dict[_Question, asyncio.Future[Page | None]] = {}
        self._asked, self._stopping = asyncio.Event(), asyncio.Event()
        self._due = self._lively_until = 0.0
        self._is_away = False

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """The time in which it reads; at its end, or when ``stop`` is called, all streams end."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="feed")
        task = asyncio.create_task(self._run(thread))
        try:
            yield
        finally:
            self.stop()
            await asyncio.wait([task], timeout=_ENDING_SECONDS)
            thread.shutdown(wait=False)

    def stop(self) -> None:
        """The process ends: let all followers go."""
        self._stopping.set()
        self._asked.set()
        self._answer(dict.fromkeys(self._questions))
        for item in self._items.values():
            item.wake()

    @property
    def followed(self) -> int:
        """How many jobs and studies somebody follows."""
        return len(self._items)

    async def follow(self, source: Source, item_id: str, last_event_id: int | None) -> AsyncIterator[bytes]:
        """The item's events behind the number, then each as it comes, until nothing can follow or the process ends.

        Progress, which has no number, is told when nothing else is left to tell, and only the newest.
        """
        number, told = last_event_id or 0, None
        with self._following(source, item_id) as item:
            while not self._stopping.is_set():
                if item.error is not None:
                    raise RuntimeError(f"the events of {item_id} could not be read") from item.error
                head = item.head
                if head is not None and number < head.event_count:
                    page = await self._page(item, number)
                    if page is not None:
                        for event in page.messages:
                            yield event
                        number = page.known
                elif head is None or head.is_final:
                    state, reason = (None, "deleted") if head is None else (head.state, head.reason)
                    yield message(EventKind.END, {source.noun: item_id, "state": state, "reason": reason})
                    return
                elif head.progress is not None and head.progress != told:
                    told = head.progress
                    yield message(EventKind.PROGRESS, told)
                else:
                    try:
                        async with asyncio.timeout(PING_SECONDS):
                            await item.changed.wait()
                    except TimeoutError:
                        yield PING

    @contextmanager
    def _following(self, source: Source, item_id: str) -> Iterator[Item]:
        """The item, which is read while anybody follows it."""
        item = self._items.setdefault(item_id, Item(source, item_id))
        item.followers += 1
        try:
            yield item
        finally:
            item.followers -= 1
            if not item.followers and self._items.get(item_id) is item:
                del self._items[item_id]

    async def _page(self, item: Item, number: int) -> Page | None:
        """The events of an item behind a number, at most ``PAGE``. None: it has ``item.error``, or the process ends."""
        if self._stopping.is_set():
            return None
        question = (item, number)
        if question not in self._questions:
            self._questions[question] = asyncio.get_running_loop().create_future()
            self._asked.set()
        # Others may wait for it when this one is cancelled.
        return await asyncio.shield(self._questions[question])

    async def _run(self, thread: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._due if self._items else None):
                    await self._asked.wait()
            self._asked.clear()
            is_due = loop.time() >= self._due
            items = list(self._items.values()) if is_due else []
            try:
                found = await loop.run_in_executor(thread, self._read, items, list(self._questions))
            except Exception as error:  # whatever it is, somebody waits
                reason = why_unavailable(error)
                if reason is None:
                    self._give_up(dict.fromkeys(items, error))
                else:
                    await self._wait_for_database(reason)
                continue
            self._is_away = False
            self._tell(found.heads)
            self._give_up(found.errors)
            self._answer(found.pages)
            now = loop.time()
            due = now + (self._lively_seconds if now < self._lively_until else self._quiet_seconds)
            self._due = due if is_due else min(self._due, due)

    def _read(self, items: Sequence[Item], questions: Sequence[_Question]) -> "_Found":
        """How far the items are, with one statement; and what was asked for, each by itself."""
        found = _Found({}, {}, {})
        if items:
            ids: defaultdict[Kind, set[str]] = defaultdict(set)
            for item in items:
                ids[item.source.kind].add(item.id)
            with self._database.read() as session:
                by_id = heads.read(session, ids)
            found.heads.update((item, by_id.get(item.id)) for item in items)
        for item, number in questions:
            try:
                with self._database.read() as session:
                    head, page = _page(session, item, number)
            except Exception as error:
                if is_unavailable(error):
                    raise
                found.errors[item] = error
            else:
                found.heads[item], found.pages[item, number] = head, page
        return found

    def _tell(self, found: Mapping[Item, Head | None]) -> None:
        for item, head in found.items():
            if head == item.head:
                continue
            if head is None or item.head is None or head.event_count != item.head.event_count:
                self._lively_until = asyncio.get_running_loop().time() + LIVELY_FOR_SECONDS
            item.head = head
            item.wake()

    def _answer(self, pages: Mapping[_Question, Page | None]) -> None:
        for question, page in pages.items():
            answer = self._questions.pop(question, None)  # none if it has stopped meanwhile
            if answer is not None:
                answer.set_result(page)

    def _give_up(self, errors: Mapping[Item, Exception]) -> None:
        """The error is ours: the streams of these items end with it. Who comes again has another item."""
        for item, error in errors.items():
            item.error = error
            if self._items.get(item.id) is item:
                del self._items[item.id]
            item.wake()
        self._answer(dict.fromkeys(question for question in self._questions if question[0] in errors))

    async def _wait_for_database(self, reason: str) -> None:
        """It has reasons of its own to say no: the followers stay, and get what they lack when it is back."""
        if not self._is_away:
            _log.warning("event streams wait: %s", reason)
            self._is_away = True
        with suppress(TimeoutError):
            async with asyncio.timeout(self._quiet_seconds):
                await self._stopping.wait()
        self._asked.set()


class _Found(NamedTuple):
    """What one turn of the reader came to."""

    heads: dict[Item, Head | None]
    pages: dict[_Question, Page]
    errors: dict[Item, Exception]


def _page(session: Session, item: Item, number: int) -> tuple[Head | None, Page]:
    """How far an item is, and its events behind a number, at one moment."""
    head = heads.read(session, {item.source.kind: [item.id]}).get(item.id)
    if head is None:
        return None, Page((), number)
    events = item.source.after(session, item.id, number)
    messages = [message(event.kind, item.source.data(event), event.number) for event in events]
    last = events[-1].number if events else number
    return head, Page(messages, last if len(events) == PAGE else max(last, head.event_count))
