'use strict';
// All addresses by default: both families in one socket; ipv6Only leaves IPv4 to others, also without a host; reusePort shares.
const { net, log, wait } = require('./_trace');
const open = (side, options) => new Promise((r) => {
  const s = net.createServer((c) => { log(side, 'connection', c.localAddress, c.localFamily, c.remoteAddress, c.remoteFamily); c.end(); });
  s.on('error', (e) => { log(side, 'error', e.code, e.address); r(null); });
  s.listen(options, () => { log(side, 'listening', s.address().address, s.address().family); r(s); });
});
const dial = (port, host) => new Promise((r) => {
  const c = net.connect({ port, host, autoSelectFamily: false });
  c.on('error', (e) => log('client', 'error', e.code, host));
  c.resume().on('close', r);
});
(async () => {
  const both = await open('both', { port: 0 });
  const port = both.address().port;
  await dial(port, '127.0.0.1');
  await dial(port, '::1');
  log('taken', 'v4', await open('taken', { port, host: '0.0.0.0' }));
  both.close();
  for (const [side, host] of [['no host', undefined], ['all', '::'], ['one', '::1']]) {
    const six = await open(side, { port: 0, host, ipv6Only: true });
    const four = await open(side + ', four', { port: six.address().port, host: '0.0.0.0' });
    await dial(six.address().port, '::1');
    await dial(six.address().port, '127.0.0.1');
    six.close();
    four.close();
  }
  const one = await open('one of two', { port: 0, host: '127.0.0.1', reusePort: true });
  const two = await open('two of two', { port: one.address().port, host: '127.0.0.1', reusePort: true });
  log('reusePort', 'same', one.address().port === two.address().port);
  one.close();
  two.close();
})();
