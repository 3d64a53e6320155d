'use strict';
// One socket, again and again: in 'close', after each kind of failure, to another kind of address.
const { net, freePort, log, watch, listen, tmp, wait, path } = require('./_trace');
const server = net.createServer((s) => { s.resume(); s.on('error', () => {}); s.end('hi'); });
const ipc = net.createServer((s) => { s.resume(); s.end('ipc'); });
const file = path.join(tmp(), 's');
listen(server, (port) => ipc.listen(file, async () => {
  const closed = await freePort('<closed>');
  const two = (host, options, callback) =>
    setImmediate(callback, null, [{ address: '127.0.0.2', family: 4 }, { address: '127.0.0.3', family: 4 }]);
  const fails = (host, options, callback) => setImmediate(callback, new Error('no such name'));
  const c = watch('one', new net.Socket());
  const shown = (note) => log('one', note, c.remoteAddress, c.bytesRead, c.bytesWritten, c.errored === null, c.listenerCount('connect'), c.listenerCount('end'));
  const steps = [
    [closed, '127.0.0.1'], [port, '127.0.0.1'], [file], [path.join(tmp(), 'missing')],
    [{ port: closed, host: 'x.test', lookup: two }], [{ port, host: 'x.test', lookup: fails }], [port, '127.0.0.1'],
  ];
  c.on('data', () => {});
  c.on('error', () => {});
  c.on('connect', () => c.write('abc'));
  await new Promise((done) => {
    c.on('close', () => {
      shown('closed');
      const next = steps.shift();
      if (!next) return done();
      log('one', 'returns', c.connect(...next) === c, c.destroyed, c.connecting);
      shown('again');
    });
    c.connect(port, '127.0.0.1');
  });
  // Destroyed on the way, and again.
  const d = watch('destroyed', new net.Socket());
  d.resume();
  d.connect(port, '127.0.0.1');
  d.destroy();
  await wait(10);
  d.connect(port, '127.0.0.1');
  log('destroyed', 'called', d.destroyed, d.connecting);
  await wait(60);
  const p = watch('in lookup', new net.Socket());
  p.resume();
  p.connect({ port, host: 'x.test', lookup: (h, o, cb) => setTimeout(cb, 5, null, [{ address: '127.0.0.1', family: 4 }]) });
  p.destroy(new Error('mine'));
  p.on('error', () => {});
  await wait(20);
  p.connect(port, '127.0.0.1');
  await wait(60);
  server.close();
  ipc.close();
}));
