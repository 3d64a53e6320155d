'use strict';
// Every error code of the streams beneath net: where it is thrown, emitted, or handed to a callback. On streams and on sockets.
const { net, log, attempt } = require('./_trace');
const { PassThrough, Readable, Transform, Writable } = require('stream');
const turn = () => new Promise((r) => setTimeout(r, 5));
const watched = (name, s) => s.on('error', (e) => log(name, 'error', e)).on('close', () => log(name, 'close'));
const cb = (name, what) => (e) => log(name, `${what} callback`, e);
const taking = () => new Writable({ write(chunk, encoding, done) { done(); } });
const kinds = [['writable', taking], ['through', () => new PassThrough().resume()], ['socket', () => new net.Socket()]];
(async () => {
  for (const [name, make] of kinds) {
    const w = watched(name, make());
    attempt(name, 'null', () => w.write(null));
    attempt(name, 'a number', () => w.write(5));
    attempt(name, 'an unknown encoding', () => w.write('x', 'klingon'));
    attempt(name, 'an unknown default encoding', () => w.setDefaultEncoding('klingon'));
    w.destroy();
    log(name, 'after destroy', w.write('x', cb(name, 'write')), w.end('y', cb(name, 'end with a chunk')) === w);
    await turn();
  }
  for (const [name, make] of kinds.slice(0, 2)) {
    const w = watched(name, make());
    w.end('x', cb(name, 'end'));
    log(name, 'after end', w.write('y', cb(name, 'write')));
    await turn();
    const f = watched(name, make());
    f.end('x'); await turn();
    f.end(cb(name, 'end after finish')); f.write('z', cb(name, 'write after finish'));
    await turn();
  }
  for (const [name, make] of [['readable', () => new Readable({ read() {} })], ['socket', () => new net.Socket()]]) {
    const r = watched(name, make());
    attempt(name, 'setEncoding', () => r.setEncoding('klingon'));
    attempt(name, 'read too much', () => r.read(0x40000001));
    log(name, 'the end', r.push(null), r.push('more'));
    await turn();
  }
  const r = watched('readable', new Readable({ read() {} }));
  r.push('x'); r.push(null); r.resume();
  r.on('end', () => log('readable', 'unshift after end', r.unshift('y')));
  await turn();
  attempt('readable', 'push of a number', () => watched('readable', new Readable({ read() {} })).push(5));
  await turn();
  watched('readable', new Readable()).read();
  attempt('writable', '_write', () => watched('writable', new Writable()).write('x', cb('writable', 'write')));
  attempt('transform', '_transform', () => watched('transform', new Transform()).write('x', cb('transform', 'write')));
  await turn();
  watched('writable', new Writable({ write(chunk, encoding, done) { done(); done(); } })).write('x', cb('writable', 'write'));
  await turn();
  attempt('writable', 'pipe', () => watched('writable', taking()).pipe(taking()));
  await turn();
  for (const options of [{ highWaterMark: -1 }, { highWaterMark: 1.5 }, { highWaterMark: 'x' }]) {
    attempt('main', `readable ${options.highWaterMark}`, () => new Readable(options));
    attempt('main', `writable ${options.highWaterMark}`, () => new Writable(options));
  }
  attempt('main', 'encoding', () => new Readable({ encoding: 'klingon' }));
  attempt('main', 'defaultEncoding', () => new Writable({ defaultEncoding: 'klingon' }));
  const p = watched('through', new PassThrough());
  try { p.destroy(); for await (const chunk of p) log('through', 'NEVER', chunk); } catch (e) { log('through', 'iteration', e); }
})();
