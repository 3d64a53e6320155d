'use strict';
// write() answers false, and the socket is closed before 'drain': it comes with the first write of the next connection.
const { net, log, watch, listen, wait } = require('./_trace');
const server = net.createServer((s) => { s.on('error', () => {}).pause(); peers.push(s); });
const peers = [];
listen(server, async (port) => {
  const c = watch('client', net.connect(port, '127.0.0.1'));
  c.on('error', () => {});
  await wait(80);
  log('client', 'write', c.write(Buffer.alloc(8 * 1024 * 1024)), c.writableNeedDrain);
  c.destroy();
  await wait(80);
  c.connect(port, '127.0.0.1');
  await wait(80);
  log('client', 'again', c.writableNeedDrain, c.writableLength);
  log('client', 'write', c.write('x'), c.writableNeedDrain);
  await wait(80);
  log('client', 'write', c.write('y'), c.writableNeedDrain);
  await wait(80);
  for (const s of peers) s.destroy();
  c.destroy();
  server.close();
});
