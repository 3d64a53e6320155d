'use strict';
// address(), local..., remote...: of a new, a connecting, a connected, an ended and a destroyed socket; IPv4, IPv6 and UNIX.
const { net, log, tmp, path } = require('./_trace');
const names = ['localAddress', 'localPort', 'localFamily', 'remoteAddress', 'remotePort', 'remoteFamily'];
const shown = (side, what, s) => {
  log(side, what, names.map((k) => (k.endsWith('Port') ? typeof s[k] : s[k])), Object.fromEntries(Object.entries(s.address())));
};
const run = (side, server, options) => new Promise((done) => {
  server.on('connection', (p) => {
    shown(side + ' peer', 'accepted', p);
    log(side + ' peer', 'server', p.server === server, Object.keys(server.address() || {}).length > 0);
    p.on('end', () => shown(side + ' peer', 'ended', p)).on('close', () => shown(side + ' peer', 'closed', p));
    p.resume();
  });
  const c = new net.Socket();
  shown(side, 'new', c);
  c.connect(options);
  shown(side, 'connecting', c);
  c.on('connect', async () => {
    shown(side, 'connected', c);
    if (!options.path) {
      const a = c.address();
      log(side, 'the same', c.localPort === a.port, c.localAddress === a.address, c.remotePort === options.port);
    }
    c.end();
    shown(side, 'ended', c);
  });
  c.on('end', () => shown(side, 'in end', c));
  c.on('close', () => {
    log(side, 'closed', c.localAddress, c.localPort, c.localFamily, c.address());
    c.destroy();
    log(side, 'destroyed', c.localAddress, c.address());
    setTimeout(done, 10);
  });
  c.resume();
});
(async () => {
  const s4 = net.createServer();
  log('server', 'not yet', s4.address());
  await new Promise((r) => s4.listen(0, '127.0.0.1', r));
  log('server', 'four', s4.address());
  await run('four', s4, { port: s4.address().port, host: '127.0.0.1' });
  s4.close();
  log('server', 'closed', s4.address());
  const s6 = net.createServer();
  await new Promise((r) => s6.listen(0, '::1', r));
  log('server', 'six', s6.address());
  await run('six', s6, { port: s6.address().port, host: '::1' });
  s6.close();
  const file = path.join(tmp(), 's');
  const unix = net.createServer();
  await new Promise((r) => unix.listen(file, r));
  log('server', 'unix', unix.address());
  await run('unix', unix, { path: file });
  unix.close();
})();
