'use strict';
// createServer()'s options as properties, what accepted sockets get of them, and what changes later count for.
const { net, log, watch, listen, wait } = require('./_trace');
const names = ['allowHalfOpen', 'pauseOnConnect', 'noDelay', 'keepAlive', 'keepAliveInitialDelay', 'highWaterMark'];
const show = (side, s) => log(side, 'properties', ...names.map((n) => s[n]));
show('defaults', net.createServer());
show('defaults', net.createServer({}));
show('defaults', net.createServer(null));
show('given', net.createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 2500, highWaterMark: 5 }));
for (const keepAliveInitialDelay of [-1, 0, 999, 1000, 1999.9]) show('delay', net.createServer({ keepAliveInitialDelay }));
for (const highWaterMark of [-1, 0, 1]) show('mark', net.createServer({ highWaterMark }));
const server = net.createServer({ allowHalfOpen: true, highWaterMark: 7, pauseOnConnect: true }, (s) => {
  log('peer', 'socket', s.server === server, s.allowHalfOpen, s.readableHighWaterMark, s.writableHighWaterMark, s.isPaused(),
    s.readableFlowing, s.readyState, s.connecting, s.remoteFamily, s.bytesRead);
  s.destroy();
});
log('server', 'listeners', server.listenerCount('connection'));
listen(server, async (port) => {
  const dial = async () => { net.connect(port, '127.0.0.1').resume(); await wait(30); };
  await dial();
  server.allowHalfOpen = false;
  server.highWaterMark = 9;
  server.pauseOnConnect = false;
  await dial();
  server.close();
});
