'use strict';
// onread: a function that makes the buffers, pausing and going on, false in the middle, the end, writing beside it.
const { net, log, watch, listen, wait } = require('./_trace');
const server = net.createServer(async (s) => {
  s.on('error', () => {});
  s.setNoDelay();
  s.on('data', (d) => log('peer', 'data', d));
  s.write('abcdefghij');
  await wait(80);
  s.end('klm');
});
listen(server, async (port) => {
  const run = (side, onread, more) => watch(side, net.connect({ port, host: '127.0.0.1', onread, ...more }), { state: false });
  // Each read asks for a buffer.
  let asked = 0;
  const f = run('function', {
    buffer: () => { asked++; return new Uint8Array(asked < 3 ? 4 : 8); },
    callback: (nread, buffer) => log('function', 'read', nread, buffer.length, Buffer.from(buffer.subarray(0, nread))),
  });
  f.on('data', () => log('function', 'NEVER'));
  f.on('connect', () => f.write('hello'));
  f.on('end', () => log('function', 'ended', f.bytesRead, f.readableLength));
  await wait(150);
  // pause() and resume() from outside; false from the callback is a pause.
  const buffer = Buffer.alloc(32);
  const seen = (side) => (nread, given) => { log(side, 'read', nread, given === buffer, given.toString('latin1', 0, nread)); };
  const p = run('paused', { buffer, callback: seen('paused') });
  p.on('connect', () => { p.pause(); log('paused', 'is', p.isPaused(), p.readableFlowing); });
  await wait(40);
  log('paused', 'nothing', p.bytesRead);
  p.resume();
  log('paused', 'is', p.isPaused(), p.readableFlowing);
  await wait(120);
  const told = [];
  const n = run('false', { buffer, callback(nread, given) { told.push(nread); log('false', 'read', nread); return told.length === 1 ? false : undefined; } });
  await wait(120);
  log('false', 'waits', told, n.bytesRead, n.isPaused(), n.readableFlowing);
  n.resume();
  await wait(40);
  log('false', 'went on', told, n.bytesRead, n.destroyed);
  // 0 and null are no false.
  const z = run('zero', { buffer, callback(nread) { log('zero', 'read', nread); return 0; } });
  await wait(120);
  log('zero', 'over', z.destroyed);
  // destroy() in the callback.
  const d = run('destroy', { buffer, callback(nread) { log('destroy', 'read', nread); d.destroy(); } });
  await wait(30);
  server.close();
});
