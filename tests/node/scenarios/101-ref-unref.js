'use strict';
// ref() and unref() of sockets and servers, in each state: they return their object, and may be called at any time.
const { net, log, watch, listen, wait } = require('./_trace');
const both = (side, what, o) => log(side, what, o.unref() === o, o.ref() === o, o.ref() === o, o.unref() === o, o.unref() === o, o.ref() === o);
const server = net.createServer((s) => { both('peer', 'accepted', s); s.on('error', () => {}); s.resume(); });
both('server', 'new', server);
listen(server, async (port) => {
  both('server', 'listening', server);
  const c = watch('client', new net.Socket());
  log('client', 'waits', c.listenerCount('connect'));
  c.ref(); c.unref(); c.ref();
  log('client', 'waits', c.listenerCount('connect'), c.eventNames().includes('connect'));
  c.connect(port, '127.0.0.1');
  await new Promise((r) => c.once('ready', r));
  log('client', 'done', c.listenerCount('connect'));
  both('client', 'connected', c);
  c.setTimeout(10000);
  both('client', 'with a timer', c);
  c.end();
  both('client', 'ended', c);
  await wait(20);
  log('client', 'destroyed', c.destroyed, c.ref() === c, c.unref() === c);
  // An unref'd timer, socket and server let the process end: the last line is this one.
  const d = net.connect(port, '127.0.0.1');
  d.on('connect', () => {
    d.setTimeout(60000, () => log('main', 'NEVER'));
    log('main', 'end of the program', d.unref() === d, server.unref() === server);
    for (const s of peers) s.unref();
  });
  const peers = [];
  server.on('connection', (s) => { peers.push(s); s.unref(); });
});
