'use strict';
// destroy() at each stage of the way, with and without an error; what waits is told.
const { net, log, watch, listen, props, wait } = require('./_trace');
const server = net.createServer((s) => { s.resume(); s.on('error', () => {}); });
const names = ['bytesWritten', 'writableLength', 'bufferSize', 'localAddress', 'remoteAddress'];
listen(server, async (port) => {
  const lookup = (host, options, callback) =>
    setTimeout(callback, 5, null, options.all ? [{ address: '127.0.0.1', family: 4 }] : '127.0.0.1', 4);
  const ways = { address: { host: '127.0.0.1' }, name: { host: 'x.test', lookup }, one: { host: 'x.test', lookup, family: 4 } };
  for (const [way, options] of Object.entries(ways)) {
    for (const event of ['now', 'lookup', 'connect', 'ready']) {
      if (event === 'lookup' && way === 'address') continue;
      const name = way + ' ' + event;
      const c = watch(name, net.connect({ port, ...options }));
      c.on('error', () => {});
      c.write('waits', (e) => log(name, 'write cb', e));
      const end = () => {
        const returned = c.destroy(event === 'lookup' ? new Error('enough') : undefined);
        log(name, 'destroyed', returned === c);
        props(name, c, names);
      };
      if (event === 'now') end(); else c.once(event, end);
      await wait(25);
    }
  }
  // Ended before it is connected: connected, ended, closed.
  const c = watch('end', net.connect(port, '127.0.0.1'));
  c.end('all', () => log('end', 'end cb'));
  props('end', c, names);
  await wait(30);
  server.close();
});
