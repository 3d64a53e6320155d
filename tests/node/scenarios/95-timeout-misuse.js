'use strict';
// setTimeout: what it refuses, what it keeps, on a new, a connected and a destroyed socket; what its 0 takes away.
const { net, log, watch, listen, attempt, wait } = require('./_trace');
const callback = () => log('timers', 'callback');
const s = new net.Socket();
log('timers', 'at first', s.timeout);
for (const ms of ['100', null, true, {}, -1, -0.5, NaN, Infinity]) attempt('timers', 'refused', () => s.setTimeout(ms, callback));
for (const wrong of [null, 'x', 5, {}, true]) {
  attempt('timers', 'no callback', () => s.setTimeout(1000, wrong));
  attempt('timers', 'no callback', () => s.setTimeout(0, wrong));
}
log('timers', 'listeners', s.listenerCount('timeout'));
for (const ms of [0, 1000, 5.7, 0.5, 2 ** 31 - 1, 0]) log('timers', 'set', s.setTimeout(ms) === s, s.timeout);
s.setTimeout(1000, callback).setTimeout(2000, callback);
log('timers', 'twice', s.listenerCount('timeout'), s.listeners('timeout')[0] === callback);
s.setTimeout(0, callback);
log('timers', 'once less', s.listenerCount('timeout'), s.timeout);
s.setTimeout(0, () => {}).setTimeout(0, callback).setTimeout(0, callback);
log('timers', 'none', s.listenerCount('timeout'));
s.setTimeout(300);
s.destroy();
log('timers', 'destroyed', s.timeout, s.setTimeout(5) === s, s.timeout, s.setTimeout('x') === s, s.setTimeout(1, 'x') === s, s.listenerCount('timeout'));
const server = net.createServer((p) => { p.on('error', () => {}); p.resume(); });
listen(server, async (port) => {
  for (const timeout of ['x', -1, Infinity, true]) attempt('connect', 'refused', () => net.connect({ port, host: '127.0.0.1', timeout }));
  for (const timeout of [0, null]) attempt('connect', 'none', () => { const c = net.connect({ port, host: '127.0.0.1', timeout }); c.destroy(); return c.timeout; });
  const c = watch('client', net.connect({ port, host: '127.0.0.1', timeout: 40 }), { state: false });
  log('client', 'timeout', c.timeout);
  c.once('timeout', () => {
    log('client', 'first', c.destroyed, c.timeout);
    c.setTimeout(15, () => { log('client', 'second', c.setTimeout(0).timeout); setTimeout(() => c.end(), 40); });
  });
  c.on('close', () => { log('client', 'closed', c.timeout, c.listenerCount('timeout')); server.close(); });
  c.resume();
  // On a new socket it runs too, and a callback is called once.
  const fresh = watch('fresh', new net.Socket(), { state: false });
  fresh.setTimeout(10, () => log('fresh', 'callback', fresh.destroyed, fresh.connecting));
  await wait(60);
  fresh.setTimeout(10);
  await wait(40);
  fresh.setTimeout(10);
  fresh.destroy();
});
