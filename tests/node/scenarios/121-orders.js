'use strict';
// Who comes first: of sockets closed together the last; bytes before the immediate of an immediate; a timer after a slow write.
const { net, log, listen } = require('./_trace');
const BIG = 8 * 1024 * 1024;
const peers = [];
const server = net.createServer((s) => {
  peers.push(s);
  s.on('error', () => {});
  if (peers.length === 3) closing();
  if (peers.length === 4) immediates(s);
  if (peers.length === 5) s.pause();
});
let port;
let clients;
listen(server, (number) => {
  port = number;
  clients = [0, 1, 2].map((i) => net.connect(port, '127.0.0.1').on('close', () => log('main', 'close', i)));
});

function closing() {
  setImmediate(() => {
    for (const c of clients) c.destroy();
    peers[2].on('close', () => {
      const c = net.connect(port, '127.0.0.1', () => c.write('x'));
      c.on('close', slow);
    });
  });
}

function immediates(s) {
  s.on('data', (data) => log('main', 'data', String(data)));
  s.pause();
  setImmediate(() => {
    log('main', 'first');
    s.resume();
    setImmediate(() => {
      log('main', 'second');
      s.end();
    });
  });
}

// A write that waits puts the time-out off once, because some of it has gone; and not any more when it has gone.
function slow() {
  const c = net.connect(port, '127.0.0.1', () => {
    log('main', 'write', c.write(Buffer.alloc(BIG)));
    const began = Date.now();
    let last = began;
    c.setTimeout(150);
    c.on('timeout', () => {
      const after = Math.round((Date.now() - last) / 150);
      log('main', 'timeout', after);
      if (last === began) peers[4].resume();
      else {
        c.destroy();
        server.close();
      }
    });
    c.on('drain', () => {
      last = Date.now();
      log('main', 'drain');
    });
  });
}
