'use strict';
// readyState, pending, connecting and what is readable and writable, in each state; and again when the same socket connects once more.
const { net, log, listen, freePort, wait } = require('./_trace');
const shown = (side, what, s) => log(side, what, s.readyState, s.pending, s.connecting, s.destroyed, s.closed, s.readable, s.writable, s.bufferSize, s.errored);
const server = net.createServer({ allowHalfOpen: true }, (s) => { s.on('error', () => {}); s.on('data', () => {}); s.on('end', () => s.end()); });
const life = (side, s, again) => {
  for (const event of ['connect', 'ready', 'end', 'finish', 'error']) s.on(event, () => shown(side, event, s));
  s.on('close', (hadError) => { shown(side, hadError ? 'close, error' : 'close', s); if (again && again.length) again.shift()(); });
};
listen(server, async (port) => {
  const closed = await freePort('<closed>');
  const c = new net.Socket();
  shown('client', 'new', c);
  life('client', c, [
    () => { c.connect(closed, '127.0.0.1'); shown('client', 'to nobody', c); },
    () => { c.connect(port, '127.0.0.1'); shown('client', 'again', c); c.once('ready', () => { c.end('bye'); shown('client', 'ended', c); }); },
    () => { shown('client', 'over', c); },
  ]);
  c.connect(port, '127.0.0.1');
  shown('client', 'connecting', c);
  c.once('ready', () => { c.pause(); shown('client', 'paused', c); c.resume(); c.end(); shown('client', 'ended', c); });
  c.resume();
  await wait(120);
  const e = new net.Socket();
  life('ended early', e);
  e.connect(port, '127.0.0.1');
  e.end('x');
  shown('ended early', 'ended', e);
  e.resume();
  await wait(40);
  const d = new net.Socket();
  life('destroyed', d);
  d.connect(port, '127.0.0.1');
  d.destroy();
  shown('destroyed', 'destroyed', d);
  await wait(20);
  const n = new net.Socket();
  life('never', n);
  n.end();
  shown('never', 'ended', n);
  n.destroy(new Error('mine'));
  shown('never', 'destroyed', n);
  await wait(20);
  const h = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  life('half', h);
  h.on('end', () => { h.destroySoon(); shown('half', 'destroySoon', h); });
  h.once('connect', () => { h.end(); h.resume(); });
  await wait(30);
  server.close();
});
