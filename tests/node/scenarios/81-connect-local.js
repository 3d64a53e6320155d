'use strict';
// localAddress and localPort: where a connection comes from, addresses that cannot be bound, refusals that tell it.
const { net, freePort, log, watch, listen, wait } = require('./_trace');
const server = net.createServer((s) => { s.resume(); s.on('error', () => {}); log('peer', 'from', s.remoteAddress); });
listen(server, async (port) => {
  const mine = await freePort('<mine>');
  const closed = await freePort('<closed>');
  const connect = async (name, options) => {
    const c = watch(name, net.connect({ port, host: '127.0.0.1', ...options }));
    c.on('error', (e) => log(name, 'fields', e.localAddress, e.localPort));
    c.on('connect', () => { log(name, 'here', c.localAddress, c.localPort === mine, c.localFamily); c.destroy(); });
    await wait(30);
  };
  await connect('address', { localAddress: '127.0.0.3' });
  await connect('port', { localPort: mine });
  await connect('both', { localAddress: '127.0.0.2', localPort: mine });
  await connect('not ours', { localAddress: '203.0.113.9' });
  await connect('not ours with port', { localAddress: '203.0.113.9', localPort: mine });
  await connect('other family', { localAddress: '::1' });
  await connect('other family with port', { localAddress: '::1', localPort: mine });
  await connect('ipv6 from ipv4', { host: '::1', localAddress: '127.0.0.1' });
  await connect('taken', { localAddress: '127.0.0.1', localPort: port });
  await connect('refused from address', { port: closed, localAddress: '127.0.0.1' });
  await connect('refused from port', { port: closed, localPort: mine });
  await connect('refused from both', { port: closed, localAddress: '127.0.0.1', localPort: mine });
  await connect('refused ipv6', { port: closed, host: '::1', localAddress: '::1', localPort: mine });
  const lookup = (host, options, callback) => setImmediate(callback, null, [{ address: '127.0.0.4', family: 4 }, { address: '127.0.0.1', family: 4 }]);
  await connect('several from port', { host: 'x.test', lookup, localPort: mine });
  await connect('several taken', { host: 'x.test', lookup, localPort: port });
  await connect('several refused', { port: closed, host: 'x.test', lookup, localPort: mine });
  server.close();
});
