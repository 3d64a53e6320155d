'use strict';
// What the functions and setters of events refuse, and with which words.
const { log, attempt } = require('./_trace');
const events = require('events');
const { EventEmitter } = events;
const nothing = () => {};
const e = new EventEmitter();
for (const add of ['on', 'addListener', 'once', 'prependListener', 'prependOnceListener', 'off', 'removeListener']) {
  attempt('main', `${add} without a function`, () => e[add]('x', 5));
}
attempt('main', 'nothing was added', () => e.eventNames());
for (const n of [-1, 'and even this', true]) {
  attempt('main', `setMaxListeners ${n}`, () => e.setMaxListeners(n));
  attempt('main', `events.setMaxListeners ${n}`, () => events.setMaxListeners(n));
  attempt('main', `EventEmitter.defaultMaxListeners ${n}`, () => { EventEmitter.defaultMaxListeners = n; });
  attempt('main', `events.defaultMaxListeners ${n}`, () => { events.defaultMaxListeners = n; });
}
attempt('main', 'still', () => [e.getMaxListeners(), EventEmitter.defaultMaxListeners, events.defaultMaxListeners]);
for (const c of [42, 'yes']) {
  attempt('main', `captureRejections ${c}`, () => new EventEmitter({ captureRejections: c }));
  attempt('main', `EventEmitter.captureRejections ${c}`, () => { EventEmitter.captureRejections = c; });
  attempt('main', `events.captureRejections ${c}`, () => { events.captureRejections = c; });
}
attempt('main', 'still', () => [EventEmitter.captureRejections, events.captureRejections]);
attempt('main', 'setMaxListeners of what is no emitter', () => events.setMaxListeners(5, {}));
attempt('main', 'getMaxListeners of what is no emitter', () => events.getMaxListeners({}));
attempt('main', 'getEventListeners of what is no emitter', () => events.getEventListeners({}, 'x'));
attempt('main', 'listenerCount of what is no emitter', () => events.listenerCount({}, 'x'));
attempt('main', 'on of what is no emitter', () => events.on({}, 'x'));
attempt('main', 'on with options that are none', () => events.on(e, 'x', 5));
attempt('main', 'on with a signal that is none', () => events.on(e, 'x', { signal: {} }));
for (const mark of ['highWaterMark', 'lowWaterMark']) {
  attempt('main', `on, ${mark} 1.5`, () => events.on(e, 'x', { [mark]: 1.5 }));
  attempt('main', `on, ${mark} 'a'`, () => events.on(e, 'x', { [mark]: 'a' }));
}
attempt('main', 'on, throw(5)', () => events.on(e, 'y').throw(5));
const { signal } = new AbortController();
attempt('main', 'addAbortListener, no signal', () => events.addAbortListener({}, nothing));
attempt('main', 'addAbortListener, no listener', () => events.addAbortListener(signal, 5));
attempt('main', 'addEventListener, no listener', () => signal.addEventListener('abort', 5));
attempt('main', 'timeout, no number', () => AbortSignal.timeout('1'));
attempt('main', 'timeout 1.5', () => AbortSignal.timeout(1.5));
attempt('main', 'timeout -1', () => AbortSignal.timeout(-1));
attempt('main', 'any of no list', () => AbortSignal.any(5));
attempt('main', 'any of no signals', () => AbortSignal.any([signal, 1]));
(async () => {
  for (const [what, args] of [['no emitter', [{}, 'x']], ['options that are none', [e, 'x', 5]], ['a signal that is none', [e, 'x', { signal: {} }]]]) {
    try { await events.once(...args); } catch (error) { log('main', `once with ${what}`, error); }
  }
})();
