'use strict';
// BoundSocket: bound in the constructor, told by address(), taken over by a server, spent afterwards; what it throws.
const { net, log, attempt, watch, listen, nameport } = require('./_trace');
const { BoundSocket } = net;
const show = (b) => { const a = b.address(); const r = [a.address, a.family, a.port > 0, b.fd() > 2, b.isPipe]; b.close(); return r; };
attempt('forms', 'none', () => show(new BoundSocket()));
attempt('forms', 'empty', () => show(new BoundSocket({})));
attempt('forms', 'host', () => show(new BoundSocket({ host: '127.0.0.1', port: '0' })));
attempt('forms', 'six', () => show(new BoundSocket({ host: '::1' })));
attempt('forms', 'ipv6Only', () => show(new BoundSocket({ ipv6Only: true })));
attempt('forms', 'reusePort', () => show(new BoundSocket({ reusePort: true })));
for (const o of [5, 'x', []]) attempt('misuse', 'options', () => new BoundSocket(o));
for (const port of [-1, 65536, 'x', '', true]) attempt('misuse', 'port', () => new BoundSocket({ port }));
for (const host of [5, 'localhost', '']) attempt('misuse', 'host', () => new BoundSocket({ host }));
attempt('misuse', 'ipv6Only', () => new BoundSocket({ ipv6Only: 1 }));
attempt('misuse', 'reusePort', () => new BoundSocket({ reusePort: 'y' }));
attempt('system', 'not ours', () => new BoundSocket({ host: '203.0.113.9' }));
attempt('system', 'not ours, port', () => new BoundSocket({ host: '203.0.113.9', port: 8080 }));
const spent = (side, b) => {
  for (const method of ['address', 'fd', 'close']) attempt(side, method, () => b[method]());
  attempt(side, 'listen', () => net.createServer().listen(b));
  log(side, 'isPipe', b.isPipe);
};
const closed = new BoundSocket();
attempt('closed', 'close', () => closed.close() === undefined);
spent('closed', closed);
const bound = new BoundSocket({ host: '127.0.0.1' });
const port = bound.address().port;
nameport(port);
const server = watch('server', net.createServer((s) => s.end('hello')));
log('server', 'returns this', server.listen(bound, () => log('server', 'callback')) === server, server.listening, server.address().port === port);
spent('adopted', bound);
server.on('listening', () => {
  attempt('system', 'taken', () => new BoundSocket({ host: '127.0.0.1', port }));
  const c = watch('client', net.connect(port, '127.0.0.1'), { state: false });
  c.on('close', () => {
    server.close();
    const second = new BoundSocket({ host: '127.0.0.1' });
    const other = watch('other', net.createServer());
    other.listen({ handle: second }, 5);
    log('other', 'listening', other.listening);
    other.on('listening', () => other.close());
  });
  c.resume();
});
