'use strict';
// Several addresses: their order, what each listener sees of the list of attempts, destroy on the way, the aggregate.
const { net, freePort, log, watch, listen, wait } = require('./_trace');
const server = net.createServer((s) => { s.resume(); s.on('error', () => {}); });
const addresses = (...list) => (host, options, callback) =>
  setImmediate(callback, null, list.map((address) => ({ address, family: net.isIP(address) })));
listen(server, async (port) => {
  const closed = await freePort('<closed>');
  const connect = (name, options) => {
    const c = watch(name, net.connect({ port, host: 'x.test', ...options }));
    const list = (event) => c.on(event, () => log(name, 'in ' + event, c.autoSelectFamilyAttemptedAddresses, c.connecting));
    ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connect', 'error', 'close'].forEach(list);
    c.on('connect', () => c.destroy());
    return c.on('error', () => {});
  };
  connect('turns', { port: closed, lookup: addresses('127.0.0.2', '127.0.0.3', '127.0.0.4', '::1') });
  await wait(40);
  connect('ipv6 first', { lookup: addresses('::1', '127.0.0.1') });
  await wait(40);
  connect('mapped', { lookup: addresses('::ffff:127.0.0.5', '127.0.0.1') });
  await wait(40);
  connect('stop in failure', { port: closed, lookup: addresses('127.0.0.2', '127.0.0.3') })
    .on('connectionAttemptFailed', function() { this.destroy(new Error('enough')); });
  await wait(30);
  connect('stop in lookup', { port: closed, lookup: addresses('127.0.0.2', '127.0.0.3') })
    .on('lookup', function() { this.destroy(); });
  await wait(30);
  const w = connect('written', { lookup: addresses('127.0.0.2', '127.0.0.1') });
  log('written', 'write', w.write('kept', (e) => log('written', 'write cb', e)), w.writableLength);
  await wait(40);
  server.close();
});
