'use strict';
// listen({ fd }): a descriptor that somebody else has opened and bound, as a child process gets it.
const { net, log, watch, tmp, path } = require('./_trace');
const { spawn } = require('child_process');
if (process.argv[2]) {
  const server = watch('child', net.createServer((s) => s.end('hello')));
  const options = process.argv[2] === 'fd' ? [{ fd: 3 }] : [{ handle: { fd: 3 } }, 5];
  log('child', 'returns this', server.listen(...options, () => log('child', 'callback')) === server);
  log('child', 'at once', server.listening);
  server.on('connection', () => server.close());
  server.on('listening', () => {
    const address = server.address();
    log('child', 'address', address && [address.address, address.family, typeof address.port]);
    const c = net.connect(address.port, '127.0.0.1');
    c.on('data', (d) => log('child', 'got', d.toString()));
  });
} else {
  const run = (form) => new Promise((r) => {
    const holder = net.createServer();
    holder.listen(0, '127.0.0.1', () => {
      const child = spawn(process.execPath, [__filename, form], { stdio: ['ignore', 'inherit', 'inherit', holder._handle.fd] });
      holder.close();
      child.on('exit', (code) => { log('main', 'exit', code); r(); });
    });
  });
  run('fd').then(() => run('handle'));
}
