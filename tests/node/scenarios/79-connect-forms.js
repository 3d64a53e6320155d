'use strict';
// All forms of connect(): port, path and options, text as a port, callbacks, and what is returned.
const { net, log, listen, tmp, wait, path } = require('./_trace');
const hello = (s) => { s.resume(); s.on('error', () => {}); };
const server = net.createServer(hello);
const ipc = net.createServer(hello);
const file = path.join(tmp(), 's');
async function check(name, make) {
  const c = await new Promise((done) => {
    const socket = make((...args) => log(name, 'callback', ...args, socket === c0));
    const c0 = socket;
    socket.on('connect', () => done(socket));
  });
  log(name, 'connected', c instanceof net.Socket, c.connecting, c.pending, c.readyState, c.remoteAddress, c.remoteFamily, c.timeout, c.listenerCount('connect'));
  c.destroy();
}
listen(server, (port) => ipc.listen(file, async () => {
  const host = '127.0.0.1';
  await check('port', (cb) => net.connect(port, host, cb));
  await check('text port', (cb) => net.connect(String(port), host, cb));
  await check('hexadecimal', (cb) => net.connect('0x' + port.toString(16), host, cb));
  await check('no callback', () => net.connect(port, host));
  await check('options', (cb) => net.connect({ port, host, timeout: 5000 }, cb));
  await check('text in options', (cb) => net.connect({ port: String(port), host }, cb));
  await check('createConnection', (cb) => net.createConnection(port, host, cb));
  await check('path', (cb) => net.connect(file, cb));
  await check('path option', (cb) => net.connect({ path: file }, cb));
  await check('path wins', (cb) => net.connect({ path: file, port, host }, cb));
  await check('no path', (cb) => net.connect({ path: '', port, host }, cb));
  await check('localhost', (cb) => net.connect(port, cb).on('lookup', () => {}));
  const s = new net.Socket();
  await check('socket', (cb) => { const r = s.connect({ port, host }, cb); log('socket', 'returns', r === s); return r; });
  const t = new net.Socket();
  await check('timeout is not looked at', (cb) => t.connect({ port, host, timeout: 5000 }, cb));
  const u = new net.Socket();
  await check('socket path', (cb) => u.connect(file, cb));
  server.close();
  ipc.close();
}));
