'use strict';
// server[Symbol.asyncDispose](): closes and waits for 'close'; nothing on a server that does not listen.
const { net, log, watch, wait } = require('./_trace');
(async () => {
  const idle = watch('idle', net.createServer());
  await idle[Symbol.asyncDispose]();
  log('idle', 'over');
  const server = watch('server', net.createServer((s) => s.resume()));
  server.listen(0, '127.0.0.1');
  await new Promise((r) => server.on('listening', r));
  await server[Symbol.asyncDispose]();
  log('server', 'over', server.listening);
  await server[Symbol.asyncDispose]();
  log('server', 'twice');
  const busy = watch('busy', net.createServer((s) => s.resume()));
  busy.listen(0, '127.0.0.1');
  await new Promise((r) => busy.on('listening', r));
  const client = net.connect(busy.address().port, '127.0.0.1');
  await new Promise((r) => busy.on('connection', r));
  setTimeout(() => { log('busy', 'end now'); client.end(); }, 30);
  await busy[Symbol.asyncDispose]();
  log('busy', 'over');
  const failing = watch('failing', net.createServer());
  failing.listen(0);
  await new Promise((r) => failing.on('listening', r));
  try { await using s = failing; throw new Error('in the block'); } catch (e) { log('failing', 'thrown', e.message, failing.listening); }
})();
