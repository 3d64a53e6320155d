'use strict';
// captureRejections of servers and sockets: whose listener fails is destroyed, a server goes on.
const { net, log, listen, wait } = require('./_trace');
const events = require('events');
events.captureRejections = true;
const server = net.createServer();
listen(server, async (port) => {
  const connect = () => { const c = net.connect(port, '127.0.0.1'); c.on('error', () => {}); c.resume(); c.on('close', () => log('client', 'close')); return c; };
  server.on('error', (e) => log('server', 'error', e));
  server.once('connection', async (peer) => {
    peer.on('error', (e) => log('peer', 'error', e));
    peer.on('close', (hadError) => log('peer', 'close', hadError));
    throw new Error('in the connection listener');
  });
  connect();
  await wait(60);
  log('server', 'still listening', server.listening);
  server.once('custom', async () => { throw new Error('in another listener'); });
  server.emit('custom');
  await wait(20);
  server.once('connection', (peer) => {
    peer.on('error', (e) => log('peer', 'error', e));
    peer.on('close', (hadError) => log('peer', 'close', hadError));
    peer.on('data', async () => { throw new Error('in the data listener'); });
  });
  connect().write('x');
  await wait(60);
  server.once('connection', (peer) => {
    peer[events.captureRejectionSymbol] = (e, event, ...a) => { log('peer', 'its own', e, event, ...a); peer.end(); };
    peer.on('data', async () => { throw new Error('in the data listener again'); });
    peer.on('close', (hadError) => log('peer', 'close', hadError));
  });
  connect().end('y');
  await wait(60);
  server.close();
});
