'use strict';
// What listen() tells with 'error', when, with which fields: taken, not ours, unknown name, bad fd, paths. The server may listen again.
const { net, log, watch, tmp, path, fs, nameport } = require('./_trace');
(async () => {
  const taken = net.createServer().listen(0, '127.0.0.1');
  await new Promise((r) => taken.on('listening', r));
  const port = taken.address().port;
  nameport(port);
  const all = net.createServer().listen(0);
  await new Promise((r) => all.on('listening', r));
  nameport(all.address().port, '<all>');
  const dir = tmp();
  fs.writeFileSync(path.join(dir, 'file'), '');
  const attempts = {
    taken: [port, '127.0.0.1'], takenOption: [{ port: String(port), host: '127.0.0.1' }], takenAll: [all.address().port],
    takenAllV4: [all.address().port, '0.0.0.0'], notOurs: [0, '203.0.113.9'], notOursPort: [8080, '203.0.113.9'],
    unknown: [0, '***'], fd: [{ fd: 9999 }], fdAndPort: [{ fd: 9999, port: 0 }], plainFile: [{ fd: fs.openSync(path.join(dir, 'file'), 'r') }],
    file: [path.join(dir, 'file')], noDirectory: [path.join(dir, 'no', 'x')], long: ['/tmp/' + 'x'.repeat(110)],
  };
  for (const side in attempts) {
    const server = side === 'unknown' ? net.createServer() : watch(side, net.createServer());
    let inCall = true;
    server.on('error', (e) => log(side, 'error listener', inCall, server.listening, e.code, e.syscall, e.hostname === '***', e.message));
    server.listen(...attempts[side], () => log(side, 'late callback'));
    inCall = false;
    log(side, 'after the call', server.listening);
    process.nextTick(() => log(side, 'a tick later'));
    await new Promise((r) => server.once('error', () => setImmediate(r)));
    log(side, 'may listen again');
    server.listen(0);
    await new Promise((r) => server.once('listening', r));
    server.close();
  }
  taken.close();
  all.close();
})();
