'use strict';
// for await over streams: how it ends, what leaving it does, destroyOnReturn, objects, and disposing.
const { net, log, listen } = require('./_trace');
const { PassThrough, Readable } = require('stream');
const turn = () => new Promise((r) => setTimeout(r, 5));
const watched = (name, s) => s.on('error', (e) => log(name, 'error', e)).on('close', () => log(name, 'close')).on('end', () => log(name, 'end'));
const loop = async (what, iterable, leave) => {
  try {
    for await (const chunk of iterable) { log('main', what, chunk); if (leave) { if (leave === 'throw') throw new Error('in the body'); break; } }
    log('main', `${what} is over`);
  } catch (e) { log('main', `${what} fails`, e); }
  await turn();
};
const state = (s) => [s.destroyed, s.readableEnded, s.readableAborted, s.readableDidRead, s.readableFlowing, s.listenerCount('readable')];
(async () => {
  const a = watched('a', new PassThrough());
  a.write('one'); a.end('two');
  await loop('to the end', a);
  log('main', 'a', state(a));
  const b = watched('b', new PassThrough());
  b.write('one');
  await loop('left', b, 'break');
  log('main', 'b', state(b));
  const c = watched('c', new PassThrough());
  c.write('one');
  await loop('left by an exception', c, 'throw');
  log('main', 'c', state(c));
  const d = watched('d', new PassThrough());
  d.write('one');
  await loop('left, not destroyed', d.iterator({ destroyOnReturn: false }), 'break');
  log('main', 'd', state(d));
  d.write('more');
  setTimeout(() => d.end(), 2);
  await loop('goes on', d);
  const e = watched('e', new PassThrough());
  e.write('one');
  setTimeout(() => e.destroy(), 2);
  await loop('destroyed meanwhile', e);
  const f = watched('f', new PassThrough());
  f.write('one');
  setTimeout(() => f.destroy(new Error('broken')), 2);
  await loop('broken meanwhile', f.iterator({ destroyOnReturn: false }));
  const g = watched('g', new PassThrough().destroy());
  await turn();
  await loop('destroyed before', g);
  const h = watched('h', new PassThrough()); h.on('error', () => {}).destroy(new Error('long ago'));
  await turn();
  await loop('broken before', h);
  await loop('over before', a);
  const o = watched('o', new Readable({ objectMode: true, read() {} }));
  for (const x of [1, { k: 'v' }, 'text', false]) o.push(x);
  o.push(null);
  await loop('objects', o);
  const t = watched('t', new PassThrough({ encoding: 'utf8' }));
  t.write('é'); t.end('ü');
  await loop('text', t);
  await loop('from a list', Readable.from([1, 2]));
  await loop('from text', Readable.from('whole'));
  const by = new PassThrough();
  by.write('one');
  const i = by[Symbol.asyncIterator]();
  log('main', 'by hand', (await i.next()).value);
  const waiting = i.next();
  setTimeout(() => by.end('two'), 2);
  log('main', 'by hand', (await waiting).value, (await i.next()).done, (await i.next()).done);
  const server = net.createServer((s) => { s.on('error', () => {}).resume(); });
  listen(server, async (port) => {
    const live = watched('live', net.connect(port, '127.0.0.1'));
    await new Promise((r) => live.once('connect', r));
    log('main', 'disposed', await live[Symbol.asyncDispose](), live.destroyed, live.closed);
    const over = watched('over', net.connect(port, '127.0.0.1')).resume();
    over.end();
    await new Promise((r) => over.once('close', r));
    log('main', 'disposed when it is over', await over[Symbol.asyncDispose](), over.destroyed);
    server.close();
  });
})();
