"""
The writable half of a stream.

C{write()} on an idle stream calls C{_write} in the same call; one chunk is under way at a time (C{writing}), what is
written meanwhile, or while corked, is buffered.  When C{_write} calls back, the buffer goes out: in one
C{_writev} where there is such a method and more than one chunk, else chunk by chunk.

C{length} is what is under way plus what is buffered.  C{write()} answers by its state I{after} the attempt, so a chunk
that went out at once counts as nothing, however large.  An answer of false is a debt (C{needDrain}), paid by
C{'drain'} when everything has gone out.

Callbacks of callers never run inside C{write()}: where C{_write} calls back at once they come a tick later, those
of one tick that are the same function in one go (C{batch}).  Every one that is due is counted in C{pending}, and
C{'finish'} waits for all of them.

C{end()}: no more writes; when nothing is left, C{_final}, C{'prefinish'}, and a tick later the callbacks of C{end} and
C{'finish'}.  A failure ends it all: the callback of the chunk that failed, those of the buffered ones, those of
C{end}, then C{'error'}.

Things that cannot be: C{writing} without C{expecting}; something buffered in a stream that is neither C{writing} nor
corked nor failed nor destroyed, outside of C{_writeBuffered}; C{finished} without C{ending}.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import Any, Final, Self

from nodenet.adapter.turn import nextTick
from nodenet.errors import nodeError, requireCallable
from nodenet.events.arity import fit
from nodenet.stream.decoder import canonicalEncoding, encode
from nodenet.stream.destroy import Stream, errorOrDestroy
from nodenet.stream.state import Callback, Done, WritableState, asBytes, invalidChunk, ownState, unknownEncoding

MISSING: Final = object()


class Writing(Stream):
    """
    The works of L{nodenet.stream.Writable}: C{write}, C{cork} and C{end}, and all that follows from them.
    """

    _writableState: WritableState

    _writev: Callable[[Sequence[tuple[Any, Any]], Done], object] | None = None
    """Write several chunks at once: C{_writev(chunks, callback)}, each C{(chunk, encoding)}.  A subclass's own."""

    _final: Callable[[Done], object] | None = None
    """Called as C{_final(callback)} after the last write, before C{'finish'}.  A subclass's own."""

    # --- writing ---------------------------------------------------------------------------------

    def _write(self, chunk: Any, encoding: Any, callback: Done) -> None:
        """
        Write one chunk.  A subclass's own; not called again before it has called back.

        @param encoding: C{"buffer"} for bytes; of a C{str} (C{decodeStrings=False}) its encoding.
        @param callback: must be called once, now or later: without anything, or with an error.
        """
        if self._writev is None:
            raise nodeError("ERR_METHOD_NOT_IMPLEMENTED", "_write()")
        self._writev([(chunk, encoding)], callback)

    def write(self, chunk: Any = MISSING, encoding: Any = None, callback: Callback | None = None) -> bool:
        """
        Send a chunk.  C{write(chunk, callback)} is possible too.

        After C{end()} nothing is written: a tick later C{callback} gets C{ERR_STREAM_WRITE_AFTER_END}, and the stream
        is destroyed with that.  After C{destroy()} C{callback} gets C{ERR_STREAM_DESTROYED}.

        @param chunk: C{bytes}, anything with bytes, or C{str} (any object but C{None} in object mode).
        @param encoding: of a C{str}; default: that of C{setDefaultEncoding}.
        @param callback: called with C{None} when the chunk has gone out, with the error if it did not.
        @return: false: enough is waiting; better go on after C{'drain'}.  The chunk is taken all the same.
        @raise NodeTypeError: C{ERR_STREAM_NULL_VALUES}, C{None}; C{ERR_INVALID_ARG_TYPE}, neither text nor bytes, or
            the callback cannot be called; C{ERR_UNKNOWN_ENCODING}.
        """
        self._writableState = state = ownState(self._writableState)
        if encoding is not None and callable(encoding):
            callback, encoding = encoding, None
        if callback is not None:
            callback = fit(requireCallable("callback", callback), 1)
        if type(chunk) is bytes and encoding is None and not state.objectMode:
            encoding = "buffer"
        else:
            chunk, encoding = self._acceptChunk(chunk, encoding)
        if state.ending or self._destroyed:
            self._refuseWrite(callback)
            return False

        state.pending += 1
        size = 1 if state.objectMode else len(chunk)
        state.length += size
        if state.writing or state.corked or self._errored is not None:
            state.append(chunk, encoding, callback)
        else:
            self._beginWrite(state, size, callback)
            self._write(chunk, encoding, self._writeDone)
            state.sync = False
        return self._answer(state)

    def _answer(self, state: WritableState) -> bool:
        """What C{write} returns."""
        if state.length < state.highWaterMark or not state.length:
            return not self._destroyed and self._errored is None
        state.needDrain = True
        return False

    def _acceptChunk(self, chunk: Any, encoding: Any) -> tuple[Any, Any]:
        """The chunk and encoding that C{_write} gets for what C{write} got."""
        state = self._writableState
        if chunk is None:
            raise nodeError("ERR_STREAM_NULL_VALUES")
        if state.objectMode:
            return chunk, encoding
        if encoding in (None, "", False):
            encoding = state.defaultEncoding
        elif encoding != "buffer" and canonicalEncoding(encoding) is None:
            raise unknownEncoding(encoding)
        if isinstance(chunk, str):
            if encoding == "buffer":
                raise unknownEncoding(encoding)
            return (encode(chunk, encoding), "buffer") if state.decodeStrings else (chunk, encoding)
        data = chunk if type(chunk) is bytes else asBytes(chunk)
        if data is None:
            raise invalidChunk(None if chunk is MISSING else chunk)
        return data, "buffer"

    def _refuseWrite(self, callback: Callback | None) -> None:
        """A write that comes too late."""
        error = self._lateWrite()
        if callback is not None:
            nextTick(callback, error)
        errorOrDestroy(self, error, True)

    def _lateWrite(self) -> Exception:
        if self._writableState.ending:
            return nodeError("ERR_STREAM_WRITE_AFTER_END")
        return nodeError("ERR_STREAM_DESTROYED", "write")

    def _writeDone(self, error: Any = None) -> None:
        """What C{_write} and C{_writev} call back."""
        state = self._writableState
        if not state.expecting:
            errorOrDestroy(self, nodeError("ERR_MULTIPLE_CALLBACK"))
            return
        sync = state.sync
        callback = state.writingCallback
        state.writingCallback = None
        state.writing = state.expecting = False
        state.length -= state.writingLength
        state.writingLength = 0
        if sync and callback is None and error is None and not (state.needDrain or state.buffered or state.objectMode):
            # The usual case, a write that the system took at once: nobody is to be told.
            state.pending -= 1
            if state.ending:
                self._finishMaybe()
            return
        if error is not None:
            if self._errored is None:
                self._errored = error
            if sync:
                nextTick(self._writeFailed, error, callback)
            else:
                self._writeFailed(error, callback)
            return
        if state.buffered:
            self._writeBuffered()
        if sync:
            self._writeDoneAtOnce(state, callback)
        else:
            self._afterWrite(callback, 1)

    def _writeDoneAtOnce(self, state: WritableState, callback: Callback | None) -> None:
        """The write came back inside of the call; what is to be told is told a tick later."""
        # In object mode Node takes this tick even when there is nobody to tell; 'finish' waits for it.
        if callback is None:
            due = state.objectMode or (state.needDrain and not state.length)
            if due and not state.afterWritePending:
                state.afterWritePending = True
                nextTick(self._afterWrite, None, 1)
                return
            state.pending -= 1
            if state.ending:
                self._finishMaybe()
        elif state.batch is not None and state.batch[0] == callback:
            state.batch[1] += 1
        else:
            state.batch = [callback, 1]
            state.afterWritePending = True
            nextTick(self._afterWriteBatch, state.batch)

    def _afterWriteBatch(self, batch: list[Any]) -> None:
        self._writableState.batch = None
        self._afterWrite(*batch)

    def _afterWrite(self, callback: Callback | None, count: int) -> None:
        state = self._writableState
        state.afterWritePending = False
        if state.needDrain and not state.length and not state.ending and not self._destroyed:
            state.needDrain = False
            self.emit("drain")
        for _ in range(count):
            state.pending -= 1
            if callback is not None:
                callback(None)
        if self._destroyed:
            self._failBufferedWrites()
        if state.ending:
            self._finishMaybe()

    def _writeFailed(self, error: Any, callback: Callback | None) -> None:
        self._writableState.pending -= 1
        if callback is not None:
            callback(error)
        self._failBufferedWrites()
        errorOrDestroy(self, error)

    def _failBufferedWrites(self) -> None:
        state = self._writableState
        if state.writing:
            return
        # Who asks in a callback what was written is told of all that was; and what is written there fails, too.
        failed = 0
        while waiting := tuple(islice(state.buffered, failed, None)):
            failed += len(waiting)
            for chunk, _, callback in waiting:
                state.length -= state.sizeOf(chunk)
                if callback is not None:
                    callback(self._causeOf("write"))
        self._callFinishCallbacks(self._causeOf("end"))
        state.takeAll()

    def _causeOf(self, call: str) -> Any:
        """Why C{call} comes to nothing."""
        return nodeError("ERR_STREAM_DESTROYED", call) if self._errored is None else self._errored

    def _writeBuffered(self) -> None:
        state = self._writableState
        if self._destroyed or state.sending or state.corked or not state.buffered:
            return
        state.sending = True
        together = len(state.buffered) > 1 and self._writev is not None
        while state.buffered and not state.writing:
            if together:
                self._writeTogether(state)
            else:
                chunk, encoding, callback = state.buffered.popleft()
                self._beginWrite(state, state.sizeOf(chunk), callback)
                if not self._destroyed:
                    self._write(chunk, encoding, self._writeDone)
                else:
                    self._writeDone(nodeError("ERR_STREAM_DESTROYED", "write"))
                state.sync = False
        state.sending = False

    def _writeTogether(self, state: WritableState) -> None:
        buffered = state.takeAll()
        callbacks = [callback for _, _, callback in buffered if callback is not None]
        # For 'finish' the callbacks of one _writev are one.
        state.pending -= len(buffered) - 1
        self._beginWrite(state, state.length, partial(_callAll, callbacks) if callbacks else None)
        assert self._writev is not None
        self._writev([(chunk, encoding) for chunk, encoding, _ in buffered], self._writeDone)
        state.sync = False

    def _beginWrite(self, state: WritableState, size: int, callback: Callback | None) -> None:
        state.straight = None
        state.writingLength = size
        state.writingCallback = callback
        state.writing = state.sync = state.expecting = True

    def cork(self) -> None:
        """Keep all writes in the buffer until as many L{uncork}, or C{end()}."""
        self._writableState = state = ownState(self._writableState)
        state.corked += 1
        state.straight = None

    def uncork(self) -> None:
        """Take one L{cork} back; after the last one the buffer goes out, in this call.  One too many does nothing."""
        state = self._writableState
        if state.corked:
            state.corked -= 1
            if not state.writing:
                self._writeBuffered()

    # --- ending ----------------------------------------------------------------------------------

    def end(
        self,
        chunk: Any = None,
        encoding: Any = None,
        callback: Callback | None = None,
    ) -> Self:
        """
        No more writes.  C{'finish'} follows when everything has gone out.  C{end(callback)} and
        C{end(chunk, callback)} are possible too.

        @param chunk: written before, as by C{write(chunk, encoding)}.
        @param callback: called with C{None} just before C{'finish'}, or with what prevents it:
            C{ERR_STREAM_ALREADY_FINISHED}, C{ERR_STREAM_DESTROYED}, C{ERR_STREAM_WRITE_AFTER_END}, the stream's error.
        @return: the stream.
        @raise NodeTypeError: as C{write}; C{ERR_INVALID_ARG_TYPE}, the callback cannot be called.
        """
        self._writableState = state = ownState(self._writableState)
        # In object mode a function is no chunk either, as in Node.
        if callable(chunk):
            callback, chunk, encoding = chunk, None, None
        elif callable(encoding):
            callback, encoding = encoding, None
        if callback is not None:
            callback = fit(requireCallable("callback", callback), 1)

        error: Any = None
        if chunk is not None:
            tooLate = state.ending or self._destroyed
            # Not self.write(): a subclass may see C{end} and C{write} apart.
            Writing.write(self, chunk, encoding)
            if tooLate:
                error = self._lateWrite()
        if state.corked:
            state.corked = 1
            self.uncork()

        if error is None:
            if not state.ending and self._errored is None:
                state.ending = True
                state.straight = None
                self._finishMaybe()
                state.ended = True
                if self._destroyed and self._errored is None:
                    # Node forgets this callback; nobody else would ever call it.
                    error = nodeError("ERR_STREAM_DESTROYED", "end")
            elif state.finished:
                error = nodeError("ERR_STREAM_ALREADY_FINISHED", "end")
            elif self._destroyed:
                error = nodeError("ERR_STREAM_DESTROYED", "end")
        if callback is not None:
            if error is not None or self._errored is not None or state.finished:
                nextTick(callback, self._errored if error is None else error)
            else:
                state.finishCallbacks += (callback,)
        return self

    def _canFinish(self) -> bool:
        state = self._writableState
        return (
            state.ending
            and not state.length
            and not state.writing
            and not state.buffered
            and not state.sending
            and not state.finished
            and not self._destroyed
            and self._errored is None
            and not self._errorEmitted
            and not self._closeEmitted
        )

    def _finishMaybe(self) -> None:
        if not self._canFinish():
            return
        state = self._writableState
        self._prefinish(state)
        if not state.pending:
            state.pending += 1
            nextTick(self._finishIfStillPossible)

    def _prefinish(self, state: WritableState) -> None:
        if state.prefinished or state.finalCalled:
            return
        state.finalCalled = True
        if self._final is None or self._destroyed:
            state.prefinished = True
            self.emit("prefinish")
            return
        state.sync = True
        state.pending += 1
        try:
            self._final(self._finalDone)
        except Exception as error:
            self._finalDone(error)
        state.sync = False

    def _finalDone(self, error: Any = None) -> None:
        """What C{_final} calls back."""
        state = self._writableState
        if state.prefinished:
            errorOrDestroy(self, nodeError("ERR_MULTIPLE_CALLBACK") if error is None else error)
            return
        state.pending -= 1
        if error is not None:
            self._callFinishCallbacks(error)
            errorOrDestroy(self, error, state.sync)
        elif self._canFinish():
            state.prefinished = True
            self.emit("prefinish")
            state.pending += 1
            nextTick(self._finishNow)

    def _finishIfStillPossible(self) -> None:
        if self._canFinish():
            self._finishNow()
        else:
            self._writableState.pending -= 1

    def _finishNow(self) -> None:
        state = self._writableState
        state.pending -= 1
        state.finished = True
        self._callFinishCallbacks(None)
        self.emit("finish")
        if self._autoDestroy:
            self._afterFinish()

    def _afterFinish(self) -> None:
        self.destroy()

    def _callFinishCallbacks(self, error: Any) -> None:
        state = self._writableState
        callbacks, state.finishCallbacks = state.finishCallbacks, ()
        for callback in callbacks:
            callback(error)


def _callAll(callbacks: list[Callback], error: Any) -> None:
    for callback in callbacks:
        callback(error)
