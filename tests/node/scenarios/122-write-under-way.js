'use strict';
// Destroying a socket while one write is with the system and another one waits: what the callbacks get, and what stays as its error.
const { net, log } = require('./_trace');
const big = Buffer.alloc(1 << 23);
const server = net.createServer({ pauseOnConnect: true }, (s) => { s.on('error', () => {}); peers.push(s); }).listen(0, '127.0.0.1', async () => {
  for (const [name, error] of [['plain', undefined], ['mine', new Error('mine')]]) {
    await new Promise((done) => {
      const c = net.connect(server.address().port, '127.0.0.1');
      c.on('error', (e) => log(name, 'error', e));
      c.on('close', (had) => { log(name, 'close', had, c.errored); setTimeout(done, 5); });
      c.on('connect', () => {
        log(name, 'write', c.write(big, (e) => log(name, 'under way', e)), c.write('x', (e) => log(name, 'queued', e)));
        setTimeout(() => { c.destroy(error); log(name, 'destroy', c.errored, c.writableLength); }, 20);
      });
    });
  }
  peers.forEach((p) => p.destroy());
  server.close();
});
const peers = [];
