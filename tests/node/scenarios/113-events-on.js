'use strict';
// events.on: what is kept, what ends the loop, marks, leaving it, and signals.
const { log, attempt } = require('./_trace');
const { EventEmitter, on, getEventListeners } = require('events');
const turn = () => new Promise(setImmediate);
const counts = (e) => e.eventNames().map((n) => [n, e.listenerCount(n)]);
const loop = async (what, iterator, body) => {
  try {
    for await (const args of iterator) { log('main', what, args); if (body && await body(args)) break; }
    log('main', `${what} is over`);
  } catch (e) { log('main', `${what} fails`, e, e.cause); }
};
(async () => {
  const e = new EventEmitter();
  const a = on(e, 'x', { close: ['end', 'close'] });
  log('main', 'listening', counts(e));
  e.emit('x', 1, 'one'); e.emit('x'); e.emit('end'); e.emit('x', 'too late');
  log('main', 'over', counts(e));
  await loop('kept', a);
  log('main', 'and over', (await a.next()).done);
  const b = on(e, 'x');
  e.emit('x', 1); e.emit('error', new Error('after what was kept')); e.emit('x', 'too late');
  await loop('error', b);
  await loop('only once', b);
  const c = on(e, 'x');
  setImmediate(() => { e.emit('x', 1); e.emit('x', 2); });
  await loop('left', c, () => true);
  log('main', 'left', counts(e));
  const d = on(e, 'x');
  const waiting = [d.next(), d.next(), d.next()];
  e.emit('x', 'first'); e.emit('x', 'second');
  await d.return();
  log('main', 'three wait', (await Promise.all(waiting)).map((r) => (r.done ? 'done' : r.value)));
  const f = on(e, 'x');
  e.emit('x', 'kept');
  f.throw(new Error('thrown in'));
  log('main', 'thrown', counts(e));
  await loop('throw', f);
  const ac = new AbortController();
  const g = on(e, 'x', { signal: ac.signal });
  e.emit('x', 'before');
  ac.abort(new Error('had enough'));
  log('main', 'aborted', counts(e), getEventListeners(ac.signal, 'abort').length);
  await loop('abort', g);
  const ac2 = new AbortController();
  setImmediate(() => ac2.abort(new Error('enough')));
  await loop('aborted while waiting', on(e, 'x', { signal: ac2.signal }));
  attempt('main', 'aborted before', () => on(e, 'x', { signal: AbortSignal.abort() }));
  const h = on(e, 'error');
  e.emit('error', new Error('an event like any other'));
  await loop('error itself', h, () => true);
  e.pause = () => log('main', 'pause');
  e.resume = () => log('main', 'resume');
  const m = on(e, 'x', { highWaterMark: 3, lowWaterMark: 2, close: ['end'] });
  for (let i = 0; i < 6; i++) { log('main', 'emit', i); e.emit('x', i); }
  e.emit('end');
  await loop('marks, over', m);
  const n = on(e, 'x', { highWaterMark: 1, lowWaterMark: 1 });
  for (let i = 0; i < 3; i++) { log('main', 'emit', i); e.emit('x', i); }
  await loop('marks', n, ([i]) => i === 2);
  const p = on(e, 'x', { signal: undefined, close: [] });
  setImmediate(async () => { e.emit('x', 'a'); await turn(); e.emit('x', 'b'); });
  await loop('slowly', p, ([x]) => x === 'b');
  log('main', 'nobody listens', counts(e));
  const ac3 = new AbortController();
  setImmediate(() => ac3.abort('why'));
  for await (const [event] of on(ac3.signal, 'abort')) { log('main', 'a signal', event.type, event.target === ac3.signal); break; }
  log('main', 'nobody listens', getEventListeners(ac3.signal, 'abort').length);
})();
