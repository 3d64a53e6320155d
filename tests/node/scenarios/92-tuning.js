'use strict';
// setNoDelay, setKeepAlive and the options of the same name, in each state: they return the socket and refuse nothing.
const { net, log, watch, listen, attempt, tmp, path, wait } = require('./_trace');
const server = net.createServer((s) => { s.on('error', () => {}); s.resume(); });
const delays = [[], [true], [false], [undefined], [null], [0], [1], ['yes'], ['']];
const alive = [[], [true], [true, 1000], [true, 1500.9], [true, 0], [true, -5000], [true, '2000'], [true, 'x'], [true, NaN], [true, null], [false, 5000], [1], [''],
               [true, 1000, 2000, 3], [true, undefined, 1000], [true, 1000, 'x', -1], [{}], [{ enable: false }], [{ enable: true, initialDelay: 2000, interval: 1000, count: 4 }]];
const tune = (side, s) => {
  log(side, 'no delay', delays.map((args) => s.setNoDelay(...args) === s));
  log(side, 'keep alive', alive.map((args) => s.setKeepAlive(...args) === s));
};
listen(server, async (port) => {
  const c = watch('client', new net.Socket());
  tune('new', c);
  c.connect(port, '127.0.0.1');
  tune('connecting', c);
  await new Promise((r) => c.on('connect', r));
  tune('connected', c);
  c.end();
  tune('ended', c);
  await wait(20);
  c.destroy();
  tune('destroyed', c);
  await wait(10);
  tune('closed', c);
  const options = [
    { noDelay: true }, { noDelay: 1 }, { noDelay: 'x' }, { noDelay: null }, { keepAlive: true }, { keepAlive: 1 },
    { keepAlive: true, keepAliveInitialDelay: 2500 }, { keepAlive: true, keepAliveInitialDelay: -1 }, { keepAliveInitialDelay: 1000.5 },
    { keepAliveInitialDelay: undefined }, { keepAliveInitialDelay: '5' }, { keepAliveInitialDelay: true }, { keepAliveInitialDelay: {} },
  ];
  for (const each of options) {
    attempt('options', 'socket', () => new net.Socket(each).destroyed);
    attempt('options', 'server', () => { const s = net.createServer(each); return [s.noDelay, s.keepAlive, s.keepAliveInitialDelay]; });
  }
  const t = watch('tuned', net.connect({ port, host: '127.0.0.1', noDelay: true, keepAlive: true, keepAliveInitialDelay: 3000 }));
  t.on('connect', () => t.destroy());
  await wait(30);
  // A UNIX socket has none of these.
  const file = path.join(tmp(), 's');
  const ipc = net.createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 1000 }, (s) => { tune('ipc peer', s); s.destroy(); });
  ipc.listen(file, () => {
    const u = watch('ipc', net.connect({ path: file, noDelay: true, keepAlive: true }));
    tune('ipc', u);
    u.on('connect', () => tune('ipc connected', u));
    u.on('close', () => { ipc.close(); server.close(); });
    u.resume();
  });
});
