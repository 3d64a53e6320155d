'use strict';
// setTypeOfService, getTypeOfService and the option, in each state of a socket.
const { net, log, watch, listen, attempt, tmp, path, wait } = require('./_trace');
const server = net.createServer((s) => {
  log('peer', 'has', s.getTypeOfService(), s.setTypeOfService(0x20) === s, s.getTypeOfService());
  s.on('error', () => {});
  s.resume();
});
const wrong = ['x', '16', true, {}, -1, 256, 1.5, Infinity];
listen(server, async (port) => {
  for (const tos of wrong) {
    attempt('method', 'refused', () => new net.Socket().setTypeOfService(tos));
    attempt('option', 'refused', () => new net.Socket({ typeOfService: tos }).getTypeOfService());
  }
  for (const tos of [null, NaN]) attempt('method', 'refused', () => new net.Socket().setTypeOfService(tos));
  attempt('option', 'none', () => new net.Socket({ typeOfService: undefined }).getTypeOfService());
  const s = new net.Socket();
  log('new', 'default', s.getTypeOfService());
  for (const tos of [0, 1, 0x10, 255]) log('new', 'set', s.setTypeOfService(tos) === s, s.getTypeOfService());
  attempt('new', 'refused', () => s.setTypeOfService(256));
  log('new', 'as before', s.getTypeOfService());
  const c = watch('client', new net.Socket({ typeOfService: 0x10 }));
  log('client', 'option', c.getTypeOfService());
  c.connect(port, '127.0.0.1');
  await new Promise((r) => c.on('connect', r));
  log('client', 'connected', c.getTypeOfService());
  log('client', 'changed', c.setTypeOfService(0x08) === c, c.getTypeOfService(), c.setTypeOfService(0x08) === c, c.setTypeOfService(0).getTypeOfService());
  for (const tos of ['x', -1, 256]) attempt('client', 'refused', () => c.setTypeOfService(tos));
  c.destroy();
  log('client', 'destroyed', c.getTypeOfService(), c.setTypeOfService(4) === c, c.getTypeOfService());
  await wait(20);
  const o = watch('connect', net.connect({ port, host: '127.0.0.1', typeOfService: 0x04 }));
  o.on('connect', () => { log('connect', 'has', o.getTypeOfService()); o.destroy(); });
  await wait(30);
  const file = path.join(tmp(), 's');
  const ipc = net.createServer((p) => { p.resume(); p.end(); }).listen(file, () => {
    const u = net.connect({ path: file, typeOfService: 0x10 });
    u.on('connect', () => log('ipc', 'has', u.getTypeOfService(), u.setTypeOfService(0x20) === u, u.getTypeOfService()));
    u.on('close', () => { ipc.close(); server.close(); });
    u.resume();
  });
});
