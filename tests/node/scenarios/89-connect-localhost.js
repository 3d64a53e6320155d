'use strict';
// A server on one family only is reached by its name: the attempts go on to the other family.
const { net, log, wait, nameport } = require('./_trace');
const both = (host, options, callback) =>
  setImmediate(callback, null, [{ address: '::1', family: 6 }, { address: '127.0.0.1', family: 4 }]);
async function reach(name, address, options) {
  const server = net.createServer((s) => { s.resume(); s.on('error', () => {}); });
  await new Promise((done) => server.listen(0, address, done));
  const { port } = server.address();
  nameport(port);
  const c = net.connect({ port, ...options });
  const told = await new Promise((done) => {
    c.on('connect', () => done([c.remoteAddress, c.remoteFamily, c.localFamily]));
    c.on('error', (e) => done([e.name, e.code, e]));
  });
  log(name, 'told', ...told, name === 'system' ? undefined : c.autoSelectFamilyAttemptedAddresses);
  c.destroy();
  server.close();
  await wait(5);
}
(async () => {
  // What the resolver says of localhost depends on the machine; that it is reached does not.
  await reach('system', '127.0.0.1', {});
  await reach('ipv4', '127.0.0.1', { host: 'x.test', lookup: both });
  await reach('ipv6', '::1', { host: 'x.test', lookup: both });
  await reach('not asked', '127.0.0.1', { host: 'x.test', autoSelectFamily: false, lookup: (h, o, cb) => setImmediate(cb, null, '::1', 6) });
  await reach('family 4', '127.0.0.1', { host: 'localhost', family: 4 });
  await reach('family IPv6', '::1', { host: '::1', family: 'IPv6' });
})();
