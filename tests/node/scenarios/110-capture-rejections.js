'use strict';
// captureRejections: on one emitter, on all, with a method of one's own; what happens to failing 'error' listeners; and without it.
const { log } = require('./_trace');
const events = require('events');
const { EventEmitter, captureRejectionSymbol } = events;
process.on('uncaughtException', (e) => log('main', 'uncaught', e));
process.on('unhandledRejection', (e) => log('main', 'uncaught', e));
const fails = (message) => async () => { throw new Error(message); };
const turn = () => new Promise((r) => setTimeout(r, 10));
(async () => {
  const one = new EventEmitter({ captureRejections: true });
  one.on('error', (...a) => log('main', 'error', ...a));
  one.on('x', fails('first')).on('x', () => log('main', 'the next listener')).on('x', fails('second'));
  log('main', 'emit', one.emit('x', 1), 'later');
  await turn();
  one.once('y', fails('of a once listener')).emit('y');
  await turn();
  one.once('z', () => ({ then(resolve, reject) { reject(new Error('of a thenable')); } })).emit('z');
  await turn();
  const off = new EventEmitter();
  off.on('error', () => log('main', 'NEVER'));
  off.on('x', fails('not captured')).emit('x');
  await turn();
  const off2 = new EventEmitter({ captureRejections: false });
  off2.on('error', () => log('main', 'NEVER'));
  off2.on('x', fails('not captured either')).emit('x');
  await turn();
  const own = new EventEmitter({ captureRejections: true });
  own[captureRejectionSymbol] = (...a) => log('main', 'a function of its own', ...a);
  own.on('error', () => log('main', 'NEVER'));
  own.on('x', fails('third')).emit('x', 'A', 'B');
  await turn();
  class Mine extends EventEmitter {
    constructor() { super({ captureRejections: true }); }
    [captureRejectionSymbol](...a) { log('main', 'a method', ...a); }
  }
  new Mine().on('x', fails('fourth')).emit('x', 'C');
  await turn();
  const round = new EventEmitter({ captureRejections: true });
  round.once('error', async (e) => { log('main', 'error', e); throw new Error('the error listener fails'); });
  round.on('x', fails('fifth')).emit('x');
  await turn();
  const thrown = new EventEmitter({ captureRejections: true });
  thrown.once('error', (e) => { log('main', 'error', e); throw new Error('thrown in the error listener'); });
  thrown.on('x', fails('sixth')).emit('x');
  await turn();
  thrown.on('error', (e) => log('main', 'captures again', e)).emit('x');
  await turn();
  const unheard = new EventEmitter({ captureRejections: true });
  unheard.on('x', fails('nobody hears')).emit('x');
  await turn();
  EventEmitter.captureRejections = true;
  log('main', 'on all', EventEmitter.captureRejections, events.captureRejections);
  const global = new EventEmitter();
  events.captureRejections = false;
  log('main', 'and off', EventEmitter.captureRejections, events.captureRejections);
  global.on('error', (e) => log('main', 'error', e));
  global.on('x', fails('seventh')).emit('x');
  await turn();
})();
