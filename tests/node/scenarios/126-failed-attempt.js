'use strict';
// What a listener of 'connectionAttemptFailed' may do when there is no other address: nothing of it is done any more.
const { net, log, watch, freePort, wait } = require('./_trace');
(async () => {
  const port = await freePort();
  const ways = {
    end: (c) => c.end('x', (e) => log('end', 'end cb', e)),
    'only end': (c) => c.end((e) => log('only end', 'end cb', e)),
    write: (c) => c.write('x', (e) => log('write', 'write cb', e)),
    reset: (c) => c.resetAndDestroy(),
    soon: (c) => c.destroySoon(),
    destroy: (c) => c.destroy(),
  };
  for (const [name, way] of Object.entries(ways)) {
    const c = watch(name, net.connect(port, '127.0.0.1'));
    c.on('error', () => {}).on('connectionAttemptFailed', () => way(c));
    await wait(30);
  }
})();
