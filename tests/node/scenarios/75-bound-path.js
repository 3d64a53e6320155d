'use strict';
// BoundSocket with a path: the file, its end, what it throws, and a server that takes it over.
const { net, log, attempt, watch, tmp, path, fs } = require('./_trace');
const { BoundSocket } = net;
const at = (name) => path.join(tmp(), name);
const bound = new BoundSocket({ path: at('a') });
log('bound', 'made', bound.isPipe, bound.address(), bound.fd() > 2, fs.existsSync(at('a')));
bound.close();
log('bound', 'closed', bound.isPipe, fs.existsSync(at('a')));
attempt('bound', 'address', () => bound.address());
fs.writeFileSync(at('file'), '');
attempt('system', 'file', () => new BoundSocket({ path: at('file') }));
attempt('system', 'no directory', () => new BoundSocket({ path: at('no/x') }));
attempt('system', 'long', () => new BoundSocket({ path: '/tmp/' + 'x'.repeat(200) }));
attempt('misuse', 'path', () => new BoundSocket({ path: 5 }));
for (const [name, value] of [['host', '127.0.0.1'], ['port', 0], ['ipv6Only', false], ['reusePort', false]])
  attempt('misuse', name, () => new BoundSocket({ path: '/x', [name]: value }));
const abstract = new BoundSocket({ path: '\0nodenet-75' });
log('abstract', 'address', abstract.isPipe, abstract.address());
abstract.close();
const taken = new BoundSocket({ path: at('b') });
const server = watch('server', net.createServer((s) => s.end('hello')));
server.listen(taken);
log('server', 'at once', server.listening, server.address());
server.on('listening', () => {
  const c = watch('client', net.connect(at('b')), { state: false });
  c.on('close', () => {
    server.close();
    log('server', 'file', fs.existsSync(at('b')));
    attempt('server', 'spent', () => taken.address());
  });
  c.resume();
});
