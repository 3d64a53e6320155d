'use strict';
// Who listens: order, copies, wrappers of once, what newListener and removeListener tell, and in which order all go.
const { log, attempt } = require('./_trace');
const { EventEmitter, getEventListeners, listenerCount } = require('events');
const id = new Map();
const L = (n) => { const f = (...a) => { log('main', `listener ${n}`, ...a); }; id.set(f, n); return f; };
const names = (list) => list.map((f) => id.get(f) || `once ${id.get(f.listener)}`);
const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(L);
const e = new EventEmitter();
e.on('newListener', (event, f) => log('main', 'newListener', event, id.get(f), e.listenerCount(event)));
e.on('removeListener', (event, f) => log('main', 'removeListener', event, id.get(f.listener || f), e.listenerCount(event)));
e.on('x', a).once('x', b).prependListener('x', c).prependOnceListener('x', d).on('x', a);
log('main', 'listeners', names(e.listeners('x')), names(e.rawListeners('x')), names(getEventListeners(e, 'x')));
log('main', 'counts', e.listenerCount('x'), e.listenerCount('x', a), e.listenerCount('x', b), e.listenerCount('x', L('z')),
    e.listenerCount('y'), listenerCount(e, 'x'));
e.listeners('x').pop();
e.rawListeners('x').length = 0;
log('main', 'the lists were copies', e.listenerCount('x'));
log('main', 'of nothing', e.listeners('y'), e.rawListeners('y'));
e.rawListeners('x')[0].listener('by hand');
log('main', 'calling what is inside of a wrapper removes nothing', e.listenerCount('x'));
e.rawListeners('x')[0]('the wrapper');
log('main', 'calling the wrapper does', names(e.rawListeners('x')));
e.off('x', a);
log('main', 'off takes the last', names(e.rawListeners('x')));
e.off('x', b).off('x', b).off('nobody', b);
e.on('y', b).on('w', c).once('z', d).on('y', d);
log('main', 'names', e.eventNames());
e.emit('z', 1);
log('main', 'names', e.eventNames());
e.removeAllListeners('y');
e.removeAllListeners('nobody');
e.removeAllListeners();
log('main', 'nothing is left', e.eventNames());
e.on('x', a).removeAllListeners('x');
log('main', 'and nobody told', e.eventNames());
// A newListener listener that adds one itself: that one comes first.
const n = new EventEmitter();
n.once('newListener', (event) => { n.on(event, b); });
n.on('x', a).emit('x', 'who is first');
log('main', 'once newListener is gone', n.listenerCount('newListener'));
// Three of the same, and a wrapper added as a listener.
const s = new EventEmitter();
s.on('x', a).on('x', a).once('x', a);
s.on('y', s.rawListeners('x')[2]);
log('main', 'a wrapper elsewhere', names(s.listeners('y')));
s.emit('x', 'three times');
s.off('x', a);
attempt('main', 'left', () => [s.listenerCount('x'), s.emit('x', 'once'), s.emit('nobody')]);
