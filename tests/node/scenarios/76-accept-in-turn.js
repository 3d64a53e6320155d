'use strict';
// Closing and accepting at odd moments: end and close at once, close in the connection listener, errors of one peer, clients in order.
const { net, log, watch, listen, wait } = require('./_trace');
const server = watch('server', net.createServer());
server.on('connection', (s) => log('server', 'first listener', s.readyState));
server.once('connection', () => log('server', 'once listener'));
const peers = [];
server.on('connection', (s) => {
  peers.push(s);
  s.resume();
  s.on('error', () => {});
});
listen(server, async (port) => {
  const clients = [];
  for (let i = 0; i < 3; i++) {
    clients.push(net.connect(port, '127.0.0.1'));
    await wait(20);
  }
  log('server', 'in order', peers.map((p, i) => p.remotePort === clients[i].localPort));
  clients[0].resetAndDestroy();
  await wait(30);
  server.getConnections((e, n) => log('server', 'count', n));
  peers[1].end();
  clients[1].resume();
  await wait(30);
  server.getConnections((e, n) => log('server', 'count', n));
  server.close((...x) => log('server', 'close cb', ...x));
  peers[2].on('close', () => log('peer', 'close after the server', server.listening));
  clients[2].resume();
  peers[2].end('bye');
});
