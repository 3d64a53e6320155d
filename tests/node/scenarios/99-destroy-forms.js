'use strict';
// destroySoon() and resetAndDestroy() in each state, twice, after one another; a BoundSocket that is disposed of.
const { net, log, watch, listen, attempt, tmp, path, wait } = require('./_trace');
const server = net.createServer({ allowHalfOpen: true }, (s) => { s.on('error', () => {}); s.resume(); s.on('end', () => s.end()); });
listen(server, async (port) => {
  const made = (side) => watch(side, new net.Socket()).on('error', () => {});
  const connected = (side) => new Promise((r) => { const c = made(side); c.connect(port, '127.0.0.1', () => r(c)); });
  const b = new net.BoundSocket({ host: '127.0.0.1' });
  log('bound', 'disposed', b[Symbol.dispose](), b[Symbol.dispose]());
  attempt('bound', 'address', () => b.address());
  attempt('bound', 'close', () => b.close());
  const n = made('new, reset');
  log('new, reset', 'self', n.resetAndDestroy() === n, n.destroyed);
  log('new, reset', 'again', n.resetAndDestroy() === n, n.destroy() === n, n.destroySoon());
  await wait(10);
  log('new, reset', 'closed', n.resetAndDestroy() === n);
  await wait(10);
  const s = made('new, soon');
  log('new, soon', 'returns', s.destroySoon(), s.destroyed, s.writableEnded);
  await wait(10);
  log('new, soon', 'later', s.destroyed);
  s.destroy();
  await wait(10);
  const w = made('connecting, reset');
  w.connect(port, '127.0.0.1');
  w.write('x', (e) => log('connecting, reset', 'write cb', e instanceof Error));
  log('connecting, reset', 'self', w.resetAndDestroy() === w, w.destroyed, w.connecting);
  await wait(30);
  const u = made('connecting, soon');
  u.connect(port, '127.0.0.1');
  u.write('x', (e) => log('connecting, soon', 'write cb', e));
  log('connecting, soon', 'returns', u.destroySoon(), u.destroyed, u.connecting, u.writableEnded);
  await wait(30);
  const r = await connected('reset');
  log('reset', 'self', r.resetAndDestroy() === r, r.destroyed, r.errored);
  log('reset', 'again', r.resetAndDestroy() === r);
  await wait(20);
  const t = await connected('soon');
  t.write('last', (e) => log('soon', 'write cb', e));
  log('soon', 'returns', t.destroySoon(), t.destroySoon(), t.destroyed);
  await wait(20);
  log('soon', 'later', t.destroySoon(), t.destroyed);
  const f = await connected('finished');
  f.end();
  await new Promise((done) => f.on('finish', done));
  log('finished', 'returns', f.destroySoon(), f.destroyed);
  await wait(20);
  const d = await connected('destroy');
  log('destroy', 'self', d.destroy() === d, d.destroy(new Error('too late')) === d, d.errored);
  await wait(20);
  for (const error of [null, undefined]) {
    const o = await connected('odd');
    o.destroy(error);
    log('odd', 'errored', o.errored);
    await wait(10);
  }
  // A UNIX socket cannot be reset.
  const file = path.join(tmp(), 's');
  const ipc = net.createServer((p) => { attempt('unix peer', 'reset', () => p.resetAndDestroy()); p.end(); p.resume(); }).listen(file, () => {
    const c = watch('unix', net.connect(file));
    attempt('unix', 'connecting', () => c.resetAndDestroy());
    c.on('connect', () => attempt('unix', 'reset', () => c.resetAndDestroy()));
    c.on('close', () => { attempt('unix', 'closed', () => c.resetAndDestroy() === c); ipc.close(); server.close(); });
    c.resume();
  });
});
