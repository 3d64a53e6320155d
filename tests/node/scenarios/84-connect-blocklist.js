'use strict';
// The blockList option: a blocked address is not connected to; one of several is one attempt that failed.
const { net, log, watch, listen, tmp, wait, attempt, path } = require('./_trace');
const server = net.createServer((s) => { s.resume(); s.on('error', () => {}); log('peer', 'connection'); });
const ipc = net.createServer((s) => s.resume());
const addresses = (...list) => (host, options, callback) =>
  setImmediate(callback, null, list.map((address) => ({ address, family: net.isIP(address) })));
for (const value of [1, 'x', {}, [], true]) attempt('misuse', 'blockList', () => new net.Socket({ blockList: value }));
log('misuse', 'none', new net.Socket().blockList, new net.Socket({ blockList: null }).blockList);
const blockList = new net.BlockList();
blockList.addAddress('127.0.0.2');
blockList.addAddress('::1', 'ipv6');
log('misuse', 'kept', new net.Socket({ blockList }).blockList === blockList);
const file = path.join(tmp(), 's');
listen(server, (port) => ipc.listen(file, async () => {
  const connect = async (name, options) => {
    const c = watch(name, net.connect({ port, host: 'x.test', blockList, ...options }));
    c.on('error', () => {});
    c.on('connect', () => c.destroy());
    c.on('close', () => log(name, 'attempted', c.autoSelectFamilyAttemptedAddresses));
    await wait(30);
    return c;
  };
  const c = await connect('address', { host: '127.0.0.2' });
  await connect('ipv6', { host: '::1' });
  await connect('mapped', { host: '::ffff:127.0.0.2' });
  await connect('allowed', { host: '127.0.0.1' });
  await connect('one of a name', { autoSelectFamily: false, lookup: (h, o, cb) => setImmediate(cb, null, '127.0.0.2', 4) });
  await connect('the only one', { lookup: addresses('127.0.0.2') });
  await connect('some', { lookup: addresses('127.0.0.2', '::1', '127.0.0.1') });
  await connect('all', { lookup: addresses('127.0.0.2', '::1') });
  await connect('path', { path: file });
  // The list may change, and the socket may be used again.
  const again = watch('again', c);
  blockList.addAddress('127.0.0.1');
  again.connect(port, '127.0.0.1');
  await wait(30);
  again.connect(port, '127.0.0.3');
  await wait(30);
  server.close();
  ipc.close();
}));
