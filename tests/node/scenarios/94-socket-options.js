'use strict';
// The stream options of a Socket: marks, encoding, halves that are not there, object mode; Stream.
const { net, log, watch, listen, attempt, wait } = require('./_trace');
const shown = ['readableHighWaterMark', 'writableHighWaterMark', 'readableEncoding', 'readable', 'writable', 'readyState', 'allowHalfOpen', 'readableObjectMode', 'writableObjectMode'];
const made = (options) => { const s = new net.Socket(options); return Object.fromEntries(shown.map((k) => [k, s[k]])); };
const given = [
  undefined, {}, { highWaterMark: 7 }, { highWaterMark: 0 }, { readableHighWaterMark: 5 }, { writableHighWaterMark: 6 },
  { readableHighWaterMark: 5, writableHighWaterMark: 6 }, { highWaterMark: 7, readableHighWaterMark: 5 }, { highWaterMark: undefined },
  { encoding: 'utf8' }, { encoding: 'latin1' }, { encoding: '' }, { defaultEncoding: 'latin1' },
  { readable: false }, { writable: false }, { readable: false, writable: false }, { readable: true, writable: true },
  { allowHalfOpen: true }, { allowHalfOpen: 1 }, { allowHalfOpen: false },
  { decodeStrings: true }, { emitClose: true },
  { objectMode: false }, { objectMode: undefined }, { readableObjectMode: false, writableObjectMode: false },
];
for (const options of given) attempt('options', 'made', () => made(options));
const refused = [
  { objectMode: true }, { readableObjectMode: true }, { writableObjectMode: true }, { objectMode: true, readableObjectMode: true },
  { highWaterMark: -1 }, { highWaterMark: 1.5 }, { highWaterMark: 'x' }, { highWaterMark: NaN }, { readableHighWaterMark: -1 }, { writableHighWaterMark: 'x' },
  { encoding: 'klingon' },
];
for (const options of refused) attempt('options', 'refused', () => made(options));
for (const options of refused.slice(0, 5)) attempt('connect', 'refused', () => net.connect({ port: 1, ...options }).destroyed);
log('stream', 'the same', net.Stream === net.Socket, net.connect === net.createConnection, new net.Stream() instanceof net.Socket, new net.Server() instanceof net.Server);
for (const highWaterMark of [undefined, 0, 1, -5, 100000]) attempt('server', 'mark', () => net.createServer({ highWaterMark }).highWaterMark);
for (const highWaterMark of ['5', true]) attempt('server', 'mark', () => net.createServer({ highWaterMark }).highWaterMark);
for (const options of ['x', 5, true]) attempt('server', 'options', () => net.createServer(options));
const server = net.createServer({ highWaterMark: 9 }, (s) => { log('peer', 'marks', s.readableHighWaterMark, s.writableHighWaterMark); s.on('error', () => {}); s.end('h\u00e9'); s.resume(); });
listen(server, async (port) => {
  const at = { port, host: '127.0.0.1' };
  const e = watch('encoding', net.connect({ ...at, encoding: 'utf8', highWaterMark: 3, keepAlive: true, noDelay: true }), { state: false });
  e.on('data', () => {});
  log('encoding', 'has', e.readableEncoding, e.readableHighWaterMark, e.writableHighWaterMark, [e.write('ab'), e.write('c'), e.write('d')], e.writableNeedDrain);
  await wait(40);
  const w = watch('no writing', net.connect({ ...at, writable: false }));
  w.resume();
  await wait(40);
  const r = watch('no reading', net.connect({ ...at, readable: false }));
  await wait(20);
  log('no reading', 'later', r.bytesRead, r.readyState);
  r.destroy();
  await wait(20);
  server.close();
});
