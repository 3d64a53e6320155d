'use strict';
// destroy() while one of several addresses is tried: its attempt is told to have failed, after 'error' and before 'close'.
const { net, log, watch, listen, wait } = require('./_trace');
const server = net.createServer((s) => { s.on('error', () => {}); });
listen(server, async (port) => {
  const ways = {
    destroyed: (c) => c.destroy(),
    failed: (c) => c.destroy(new Error('enough')),
    reset: (c) => c.resetAndDestroy(),
    'in a tick': (c) => process.nextTick(() => c.destroy()),
    'in an immediate': (c) => setImmediate(() => c.destroy()),
  };
  const lookup = (host, options, callback) => callback(null, [{ address: '127.0.0.2', family: 4 }, { address: '127.0.0.1', family: 4 }]);
  for (const [name, way] of Object.entries(ways)) {
    const c = watch(name, new net.Socket());
    c.on('error', () => {});
    c.connect({ port, host: 'x.test', lookup });
    way(c);
    log(name, 'called', c.destroyed);
    await wait(30);
    c.destroy();
  }
  // Destroyed when told that an attempt has failed: no second one.
  const c = watch('told', new net.Socket());
  c.on('connectionAttemptFailed', () => c.destroy());
  c.connect({ port, host: 'x.test', lookup });
  await wait(30);
  server.close();
});
