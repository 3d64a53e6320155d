'use strict';
// destroy() closes in the call: a peer in the same program hears the end before the socket's own 'close', and before the immediate of an immediate.
const { net, log, listen } = require('./_trace');
const server = net.createServer({ allowHalfOpen: true }, (s) => {
  const n = ++count;
  for (const event of ['data', 'end', 'error', 'close']) s.on(event, (what) => log('main', 'peer ' + event, n));
});
let count = 0;
listen(server, (port) => {
  const connected = (fn) => {
    const c = net.connect(port, '127.0.0.1', () => setTimeout(fn, 20, c));
    c.on('error', () => {});
    return c;
  };
  connected((c) => {
    c.on('close', () => log('main', 'close', 1));
    c.destroy();
    log('main', 'timer', 1);
    connected((d) => setImmediate(() => {
      d.on('close', () => log('main', 'close', 2));
      d.destroy();
      log('main', 'immediate', 2);
      setImmediate(() => setImmediate(() => log('main', 'later', 2)));
      connected((e) => {
        e.on('close', () => log('main', 'close', 3));
        e.resetAndDestroy();
        log('main', 'timer', 3);
        server.close();
      });
    }));
  });
});
