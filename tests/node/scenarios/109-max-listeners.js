'use strict';
// The warning of too many listeners: when it comes, what it says, for emitters, their default, and signals.
const { log } = require('./_trace');
const events = require('events');
const { EventEmitter, setMaxListeners, getMaxListeners } = events;
process.on('warning', (w) => log('main', 'warning', w.name, w.type, w.count, w.emitter === undefined ? 'a signal' : w.emitter.constructor.name, w.message));
const add = (e, event, n) => { for (let i = 0; i < n; i++) e.on(event, () => {}); };
class FakeInput extends EventEmitter {}
(async () => {
  const step = async (what, fn) => { log('main', what, fn()); await new Promise(setImmediate); };
  const e = new FakeInput();
  await step('the default', () => [e.getMaxListeners(), EventEmitter.defaultMaxListeners, events.defaultMaxListeners, getMaxListeners(e)]);
  await step('10', () => add(e, 'x', 10));
  await step('11', () => add(e, 'x', 1));
  await step('12 and more', () => add(e, 'x', 5));
  await step('another event', () => add(e, 'y', 11));
  await step('a limit of its own', () => add(new FakeInput().setMaxListeners(1), 'z', 2));
  await step('unlimited', () => { add(new FakeInput().setMaxListeners(0), 'z', 100); add(new FakeInput().setMaxListeners(Infinity), 'z', 100); });
  await step('once and prepended ones count', () => { new FakeInput().setMaxListeners(2).once('p', () => {}).prependListener('p', () => {}).prependOnceListener('p', () => {}); });
  await step('a new default', () => { EventEmitter.defaultMaxListeners = 2; add(new EventEmitter(), 'd', 3); return [new EventEmitter().getMaxListeners(), e.getMaxListeners()]; });
  await step('its own limit still counts', () => add(new EventEmitter().setMaxListeners(4), 'd', 4));
  await step('by the module', () => { events.defaultMaxListeners = 3; return [EventEmitter.defaultMaxListeners, new EventEmitter().getMaxListeners()]; });
  await step('by the function', () => { setMaxListeners(4); return [EventEmitter.defaultMaxListeners, events.defaultMaxListeners]; });
  await step('of a subclass it is the same', () => { FakeInput.defaultMaxListeners = 10; return [EventEmitter.defaultMaxListeners, FakeInput.defaultMaxListeners]; });
  const { signal } = new AbortController();
  const others = [new EventEmitter(), new FakeInput()];
  await step('a signal has none', () => { for (let i = 0; i < 20; i++) signal.addEventListener('abort', () => {}); return getMaxListeners(signal); });
  await step('several at once', () => { setMaxListeners(5, signal, ...others); return [signal, ...others].map(getMaxListeners); });
  await step('the signal has one now', () => { signal.addEventListener('abort', () => {}); });
  await step('and warns once', () => { signal.addEventListener('abort', () => {}); });
  await step('until it is set again', () => { setMaxListeners(22, signal); signal.addEventListener('abort', () => {}); });
  await step('without a number: the default', () => { setMaxListeners(undefined, ...others); return others.map(getMaxListeners); });
})();
