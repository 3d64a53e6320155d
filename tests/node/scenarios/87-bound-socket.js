'use strict';
// Socket({handle: BoundSocket}): connecting from an address that was bound before.
const { net, freePort, log, watch, listen, wait, attempt, nameport } = require('./_trace');
const server = net.createServer((s) => { s.resume(); s.on('error', () => {}); log('peer', 'from', s.remoteAddress); });
// The text shows the options, with the port.
const refuses = (note, fn) => { try { fn(); } catch (e) { log('local', note, e.name, e.code); } };
listen(server, async (port) => {
  const closed = await freePort('<closed>');
  let mine;
  const shown = (name, s) => log(name, 'shown', s.readyState, s.pending, s.connecting, s.localAddress, s.localPort === mine,
    s.localFamily, s.remoteAddress, s.bufferSize, s.destroyed);
  const from = (name, options) => {
    const bound = new net.BoundSocket(options);
    mine = bound.address().port; nameport(mine, '<mine>');
    const s = watch(name, new net.Socket({ handle: bound }));
    s.on('error', () => {});
    s.on('connect', () => { shown(name, s); s.destroy(); });
    attempt(name, 'adopted', () => bound.address());
    attempt(name, 'twice', () => new net.Socket({ handle: bound }));
    shown(name, s);
    return s;
  };
  const connect = async (name, options, ...args) => {
    const s = from(name, options);
    log(name, 'returns', s.connect(...args) === s);
    shown(name, s);
    await wait(25);
    shown(name, s);
    return s;
  };
  await connect('address', { host: '127.0.0.2' }, port, '127.0.0.1');
  await connect('any address', {}, port, '127.0.0.1');
  await connect('name', { host: '127.0.0.1' }, { port, host: 'x.test', lookup: (h, o, cb) => { log('name', 'all', o.all); setImmediate(cb, null, '127.0.0.1', 4); } });
  const refused = await connect('refused', { host: '127.0.0.1' }, closed, '127.0.0.1');
  refused.connect(port, '127.0.0.1');
  await wait(25);
  refuses('again', () => refused.connect({ port, host: '127.0.0.1', localPort: 5 }));
  await wait(10);
  await connect('ipv6 from ipv4', { host: '127.0.0.1' }, port, '::1');
  await connect('ipv4 from ipv6', { host: '::1' }, port, '127.0.0.1');
  const local = from('local', {});
  refuses('localPort', () => local.connect({ port, host: '127.0.0.1', localPort: 5 }));
  const local2 = from('local', {});
  refuses('localAddress', () => local2.connect({ port, host: '127.0.0.1', localAddress: '127.0.0.1' }));
  local.destroy();
  local2.destroy();
  await wait(10);
  from('unused', {}).destroy();
  await wait(10);
  const written = from('written', {});
  log('written', 'write', written.write('x', (e) => log('written', 'write cb', e)));
  await wait(15);
  const read = from('read', {});
  read.on('data', () => {});
  await wait(15);
  const reads = from('reads', {});
  reads.on('data', () => {});
  reads.connect(port, '127.0.0.1');
  await wait(15);
  server.close();
});
