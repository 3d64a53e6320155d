'use strict';
// maxConnections: 'drop' with the addresses, without on a UNIX socket; changed while it runs; 0 drops all.
const { net, log, watch, listen, tmp, path, wait } = require('./_trace');
const server = watch('server', net.createServer((s) => s.resume()));
log('server', 'default', server.maxConnections == null);
server.maxConnections = 1;
listen(server, async (port) => {
  const dial = async (side) => {
    const c = watch(side, net.connect(port, '127.0.0.1'));
    c.resume();
    await wait(40);
    return c;
  };
  const first = await dial('first');
  server.getConnections((e, n) => log('server', 'count', e, n));
  await dial('second');
  server.getConnections((e, n) => log('server', 'count', e, n));
  server.maxConnections = 2;
  const third = await dial('third');
  first.end();
  await wait(40);
  server.maxConnections = 0;
  await dial('fourth');
  server.maxConnections = undefined;
  const fifth = await dial('fifth');
  third.end();
  fifth.end();
  server.close();
  const ipc = net.createServer();
  ipc.maxConnections = 0;
  ipc.dropMaxConnection = true;
  const p = path.join(tmp(), 's');
  ipc.listen(p, () => {
    watch('ipc client', net.connect(p)).resume();
    ipc.on('drop', (info) => { log('ipc', 'info', info === undefined); ipc.close(); });
  });
});
