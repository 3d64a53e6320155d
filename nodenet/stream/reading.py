"""
The readable half of a stream.

A source calls C{push}; a reader takes what was pushed in one of two ways.  I{Flowing}, chunks go out as
C{'data'} as they come.  I{Paused}, they wait in the buffer, C{'readable'} says that there is something, and
C{read()} takes it.  C{readableFlowing} is C{None} until somebody decides: C{resume()}, C{pipe()} or a listener of
C{'data'} starts the flow, C{pause()} or a listener of C{'readable'} stops it.

The buffer is filled ahead of the reader.  C{_read} asks the source for more; it is asked again only after it
has pushed (C{reading}), and only while the buffer is below the mark.  Who asks: C{read()} itself, and a
tick after each push (C{_readMoreNow}) so that a source may push from inside of C{_read} without recursion.

What is pushed while C{_read} is on the stack (C{sync}) never leaves in the same call: it is buffered, and announced
or emitted a tick later.  What a source pushes at any other time, flowing, with a listener and an empty buffer, is
emitted inside the C{push}.

When C{push(None)} has come and the buffer is empty, the next look into it (C{read}, the flow) owes the reader an
C{'end'}; it is emitted a tick later, so that an C{unshift} may still come before it.  Nobody looks: no C{'end'}.

Things that cannot be: C{endEmitted} without C{ended}; C{reading} set by anyone but C{read} and the source that
keeps pushing (C{_pushesByItself}); a chunk in the buffer after C{endEmitted}.
"""

from __future__ import annotations

from typing import Any, Self

from nodenet.adapter.turn import nextTick
from nodenet.errors import nodeError
from nodenet.stream.decoder import StringDecoder, decode, encode
from nodenet.stream.destroy import Stream, errorOrDestroy
from nodenet.stream.state import NOBODY, ReadableState, asBytes, invalidChunk, raisedMark


class Reading(Stream):
    """
    The works of L{nodenet.stream.Readable}: the buffer's two ends, and the flow.
    """

    _readableState: ReadableState

    # True: the source pushes without being asked again, until a push answers false; then it waits for _read.
    # To such a source a _read while it is at work says nothing, and the tick that would bring it is saved.
    _pushesByItself = False

    # --- the source's side -----------------------------------------------------------------------

    def _read(self, n: int) -> None:
        """
        Get more and C{push} it, now or later.  A subclass's own; not called again before the push.

        @param n: the mark, as a hint.
        """
        raise nodeError("ERR_METHOD_NOT_IMPLEMENTED", "_read()")

    def push(self, chunk: Any, encoding: str | None = None) -> bool:
        """
        Hand a chunk to the reader.

        After C{push(None)} another chunk destroys the stream with C{ERR_STREAM_PUSH_AFTER_EOF}; a chunk of a wrong
        type does with C{ERR_INVALID_ARG_TYPE}.  On a destroyed stream the chunk is dropped.

        @param chunk: C{bytes}, anything with bytes, or C{str} (any object in object mode); C{None}: nothing more
            will come.
        @param encoding: of a C{str}; default utf8.
        @return: false when the buffer has reached the mark: push no more until C{_read} is called.
        """
        state = self._readableState
        if (
            type(chunk) is bytes
            and state.flowing
            and state.dataListening
            and not state.length
            and not state.sync
            and chunk
            and state.decoder is None
            and not state.ended
            and not self._destroyed
            and self._errored is None
        ):
            # The way of nearly all bytes: straight from the source to the listeners.
            keepsReading = state.reading and self._pushesByItself
            state.reading = keepsReading
            state.awaiting = NOBODY
            state.dataEmitted = True
            self.emit("data", chunk)
            if not keepsReading:
                self._readMoreSoon()
            if state.length or state.ended:
                # A listener put something back, or ended the stream.
                room = state.canPushMore()
                if not room:
                    state.reading = False
                return room
            return True
        return self._pushSlowly(state, chunk, encoding)

    def _pushSlowly(self, state: ReadableState, chunk: Any, encoding: str | None) -> bool:
        if chunk is None:
            state.reading = False
            self._pushEnd()
            return False
        if not state.objectMode:
            if isinstance(chunk, str):
                if state.encoding != (encoding or "utf8"):
                    chunk = encode(chunk, encoding or "utf8")
            elif type(chunk) is not bytes:
                given, chunk = chunk, asBytes(chunk)
                if chunk is None:
                    errorOrDestroy(self, invalidChunk(given))
                    return False
            if not chunk:
                state.reading = False
                self._readMoreSoon()
                return state.canPushMore()
        if state.ended:
            errorOrDestroy(self, nodeError("ERR_STREAM_PUSH_AFTER_EOF"))
            return False
        if self._destroyed or self._errored is not None:
            return False
        state.reading = False
        if state.decoder is not None and not isinstance(chunk, str):
            chunk = state.decoder.write(chunk)
            if not chunk and not state.objectMode:
                self._readMoreSoon()
                return state.canPushMore()
        self._pushChunk(state, chunk)
        return state.canPushMore()

    def unshift(self, chunk: Any, encoding: str | None = None) -> bool:
        """
        Put back what was read too much: the next C{read} begins with C{chunk}.

        After C{'end'} the stream is destroyed with C{ERR_STREAM_UNSHIFT_AFTER_END_EVENT}; the other errors are those
        of L{push}.

        @return: as L{push}.
        """
        state = self._readableState
        if chunk is None:
            state.reading = False
            self._pushEnd()
            return False
        if not state.objectMode:
            if isinstance(chunk, str):
                if state.encoding != (encoding or "utf8"):
                    chunk = encode(chunk, encoding or "utf8")
            elif type(chunk) is not bytes:
                given, chunk = chunk, asBytes(chunk)
                if chunk is None:
                    errorOrDestroy(self, invalidChunk(given))
                    return False
            if state.encoding is not None and not isinstance(chunk, str):
                chunk = decode(chunk, state.encoding)
            if not chunk:
                return state.canPushMore()
        if state.endEmitted:
            errorOrDestroy(self, nodeError("ERR_STREAM_UNSHIFT_AFTER_END_EVENT"))
        elif self._destroyed or self._errored is not None:
            return False
        else:
            self._pushChunk(state, chunk, front=True)
        return state.canPushMore()

    def _pushChunk(self, state: ReadableState, chunk: Any, front: bool = False) -> None:
        if state.flowing and state.dataListening and not state.sync and not state.length:
            state.awaiting = NOBODY
            state.dataEmitted = True
            self.emit("data", chunk)
        else:
            if front:
                state.prepend(chunk)
            else:
                state.append(chunk)
            if state.wanted:
                self._announceReadable()
        self._readMoreSoon()

    def _pushEnd(self) -> None:
        state = self._readableState
        if state.ended:
            return
        state.straight = None
        if state.decoder is not None:
            rest = state.decoder.end()
            if rest:
                state.append(rest)
        state.ended = True
        if state.sync:
            self._announceReadable()
        else:
            state.wanted = False
            state.announced = True
            self._announceReadableNow()

    def _endFlow(self) -> bool:
        """
        What C{push(None)} and a look into the buffer come to where the stream flows and has nothing there, as nearly
        all do at their end.

        @return: whether it is so; else nothing has happened.
        """
        state = self._readableState
        if (
            not state.flowing
            or state.length
            or state.sync
            or state.ended
            or state.decoder is not None
            or self._destroyed
            or self._errored is not None
            or "readable" in self._events
        ):
            return False
        state.straight = None
        state.reading = state.wanted = state.announced = False
        state.ended = True
        self.emit("readable")
        nextTick(self._endNow)
        return True

    # --- the reader's side: taking ---------------------------------------------------------------

    def read(self, n: int | None = None) -> Any:
        """
        Take something out of the buffer, and emit it as C{'data'} before returning it.

        @param n: exactly so much, or C{None} when there is less (after the end: what is left).  Default: all that
            is there; while flowing, one chunk.  0: take nothing, but have the buffer filled.  In object mode:
            one object, whatever is asked.
        @return: C{bytes}; C{str} after C{setEncoding}; an object; or C{None}.
        @raise NodeRangeError: C{ERR_OUT_OF_RANGE}, more than 1 GiB.
        """
        state = self._readableState
        # A source may fail while it is asked for the chunk after the one that is taken; that one is still good.
        wasDestroyed = self._destroyed
        if n is not None and n > state.highWaterMark:
            state.highWaterMark = raisedMark(n)
        if n != 0:
            state.announced = False
        elif state.wanted and (state.ended or state.length >= (state.highWaterMark or 1)):
            # Somebody waits for 'readable', and there is enough to tell him already.
            if state.ended and not state.length:
                self._endSoon()
            else:
                self._announceReadable()
            return None

        amount = state.available(n)
        if not amount and state.ended:
            if not state.length:
                self._endSoon()
            return None
        if (
            (state.wanted or not state.length or state.length - amount < state.highWaterMark)
            and not state.reading
            and not state.ended
            and not self._destroyed
            and self._errored is None
        ):
            self._readSource(state)
            if not state.reading:
                amount = state.available(n)

        chunk = state.take(amount)
        if chunk is None:
            amount = 0
            if state.length <= state.highWaterMark:
                state.wanted = True
        else:
            state.awaiting = NOBODY
        if not state.length:
            if not state.ended:
                state.wanted = True
            elif n != amount:
                self._endSoon()
        if chunk is not None and not wasDestroyed and not self._errorEmitted:
            state.dataEmitted = True
            self.emit("data", chunk)
        return chunk

    def _readSource(self, state: ReadableState) -> None:
        """Ask the source."""
        state.reading = state.sync = True
        if not state.length:
            state.wanted = True
        try:
            self._read(state.highWaterMark)
        except Exception as error:
            errorOrDestroy(self, error)
        state.sync = False

    def _readMoreSoon(self) -> None:
        state = self._readableState
        if not state.readingMore and not state.reading:
            state.readingMore = True
            nextTick(self._readMoreNow)

    def _readMoreNow(self) -> None:
        """Fill the buffer up to the mark, or as long as the source answers at once."""
        state = self._readableState
        while (
            not state.reading
            and not state.ended
            and (state.length < state.highWaterMark or (state.flowing and not state.length))
        ):
            before = state.length
            self.read(0)
            if state.length == before:
                break
        state.readingMore = False

    def _announceReadable(self) -> None:
        state = self._readableState
        state.wanted = False
        if not state.announced:
            state.announced = True
            nextTick(self._announceReadableNow)

    def _announceReadableNow(self) -> None:
        state = self._readableState
        if not self._destroyed and self._errored is None and (state.length or state.ended):
            self.emit("readable")
            state.announced = False
        if not state.flowing and not state.ended and state.length <= state.highWaterMark:
            state.wanted = True
        self._flowNow()

    def _flowNow(self) -> None:
        # Node goes on after destroy() and hands out what is buffered; nobody wants that.
        state = self._readableState
        while state.flowing and not self._destroyed and self.read() is not None:
            pass

    def _endSoon(self) -> None:
        state = self._readableState
        if not state.endEmitted:
            state.ended = True
            nextTick(self._endNow)

    def _endNow(self) -> None:
        state = self._readableState
        if self._errored is None and not self._closeEmitted and not state.endEmitted and not state.length:
            state.endEmitted = True
            self.emit("end")
            self._afterEnd()

    def _afterEnd(self) -> None:
        if self._autoDestroy:
            self.destroy()

    # --- the reader's side: starting and stopping the flow ---------------------------------------

    def resume(self) -> Self:
        """
        Start the flow: C{'data'} from the next tick on, after C{'resume'}.  Without a listener of C{'data'} what
        comes is thrown away; with one of C{'readable'} nothing flows.

        @return: the stream.
        """
        state = self._readableState
        if not state.flowing:
            state.flowing = not state.readableListening
            if not state.resumeScheduled:
                state.resumeScheduled = True
                nextTick(self._resumeNow)
        state.paused = False
        return self

    def _resumeNow(self) -> None:
        state = self._readableState
        if not state.reading:
            self.read(0)
        state.resumeScheduled = False
        self.emit("resume")
        self._flowNow()
        if state.flowing and not state.reading:
            self.read(0)

    def pause(self) -> Self:
        """
        Stop the flow now: what comes is buffered up to the mark.  Emits C{'pause'} if it did flow.

        @return: the stream.
        """
        state = self._readableState
        if state.flowing is not False:
            state.flowing = False
            state.straight = None
            self.emit("pause")
        state.paused = True
        return self

    def isPaused(self) -> bool:
        """Whether the flow was stopped, by C{pause()} or by a listener of C{'readable'}.  False on a new stream."""
        state = self._readableState
        return state.paused is True or state.flowing is False

    def setEncoding(self, encoding: str | None = None) -> Self:
        """
        From now on C{str} instead of C{bytes}; characters that are cut between chunks come whole.  What is buffered
        is decoded too.  There is no way back.

        @param encoding: any name of an encoding; default utf8.
        @return: the stream.
        @raise NodeTypeError: C{ERR_UNKNOWN_ENCODING}.
        """
        self._readableState.decodeWith(StringDecoder(encoding))
        return self
