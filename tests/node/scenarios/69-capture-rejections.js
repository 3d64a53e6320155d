'use strict';
// captureRejections of a server: a rejecting 'connection' listener destroys its socket; another event's goes to 'error'.
require('events').captureRejections = true;
const { net, log, watch, listen } = require('./_trace');
const server = watch('server', net.createServer(async (s) => {
  watch('peer', s, { state: false });
  s.on('error', (e) => log('peer', 'error listener', e.message));
  s.on('close', (hadError) => { log('peer', 'closed', hadError); server.close(); });
  throw new Error('rejected');
}));
server.on('error', (e) => log('server', 'error listener', e.message));
server.on('listening', async () => { throw new Error('listening'); });
listen(server, (port) => {
  const client = watch('client', net.connect(port, '127.0.0.1'), { state: false });
  client.resume();
});
