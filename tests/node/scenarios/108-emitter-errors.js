'use strict';
// 'error' without a listener: what is thrown for which argument; who sees it before; what a failing listener leaves behind.
const { log } = require('./_trace');
const { EventEmitter, errorMonitor } = require('events');
const attempt = (what, fn) => {
  try { log('main', what, fn()); } catch (er) { log('main', `${what} throws`, er, 'context' in er, er.context); }
};
for (const [what, args] of [['nothing', []], ['null', [null]], ['a number', [42]], ['text', ['oops']], ['an object', [{ message: 'Error!' }]],
  ['a list', [[1, 2]]], ['false', [false]], ['an Error', [new Error('plain')]], ['two', [new TypeError('first'), 'second']]]) {
  attempt(what, () => new EventEmitter().emit('error', ...args));
}
const e = new EventEmitter();
e.on(errorMonitor, (...a) => log('main', 'first monitor', ...a));
e.on(errorMonitor, (...a) => log('main', 'second monitor', ...a));
attempt('monitored, nobody hears', () => e.emit('error', new Error('one'), 'more'));
log('main', 'monitors do not count', e.listenerCount('error'), e.listenerCount(errorMonitor), e.eventNames().length);
e.once('error', (...a) => log('main', 'heard', ...a));
attempt('monitored and heard', () => e.emit('error', new Error('two'), 'more'));
attempt('once is once', () => e.emit('error', 'three'));
attempt('the monitor by name', () => e.emit(errorMonitor, new Error('four')));
e.removeAllListeners(errorMonitor);
attempt('unmonitored', () => e.emit('error', new Error('five')));
e.once(errorMonitor, () => { throw new Error('the monitor failed'); });
e.on('error', () => log('main', 'NEVER'));
attempt('a failing monitor', () => e.emit('error', new Error('six')));
e.removeAllListeners('error').on('other', () => {});
e.once(errorMonitor, () => e.once('error', (er) => log('main', 'added by the monitor', er)));
attempt('a monitor that adds the listener', () => e.emit('error', new Error('seven')));
e.on('error', (er) => { log('main', 'before', er); throw new Error('the listener failed'); });
e.on('error', () => log('main', 'NEVER'));
attempt('a failing listener', () => e.emit('error', new Error('eight')));
attempt('another event', () => e.emit('errors', new Error('nine')));
const o = new EventEmitter();
o.once('x', () => { throw new Error('once'); });
attempt('a failing once listener', () => o.emit('x'));
attempt('is gone all the same', () => [o.listenerCount('x'), o.emit('x')]);
class Failing extends EventEmitter { constructor() { super(); this.emit('error', new Error('in the constructor')); } }
attempt('in a constructor', () => new Failing());
