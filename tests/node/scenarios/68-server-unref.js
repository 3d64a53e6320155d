'use strict';
// ref() and unref(): they return the server, may be called at any time; an unref'd server does not keep the program.
const { net, log, watch } = require('./_trace');
const server = watch('server', net.createServer());
log('server', 'unref before', server.unref() === server, server.ref() === server);
server.unref();
server.listen(0, '127.0.0.1', () => {
  log('server', 'listening', server.listening);
  server.ref();
  server.unref();
  const other = watch('other', net.createServer());
  other.listen(0);
  other.unref();
  other.on('listening', () => {
    other.ref();
    setTimeout(() => { log('other', 'unref now'); other.unref(); }, 30);
  });
});
process.on('exit', () => log('main', 'exit', server.listening));
