'use strict';
// What can go wrong on the way, and how it is told: codes, texts and fields, of ports and of paths.
const { net, freePort, fs, path, log, watch, tmp, wait } = require('./_trace');
(async () => {
  const port = await freePort();
  const connect = async (name, ...args) => {
    const c = watch(name, new net.Socket());
    c.on('error', (e) => log(name, 'own fields', Object.keys(e).filter((k) => k !== 'errno').sort(), e instanceof Error));
    c.connect(...args);
    log(name, 'called', c.connecting, c.destroyed);
    await wait(25);
  };
  await connect('refused', port, '127.0.0.1');
  await connect('refused ipv6', port, '::1');
  await connect('any address', port, '0.0.0.0');
  await connect('port 0', 0, '127.0.0.1');
  await connect('port 0 ipv6', 0, '::1');
  await connect('missing', path.join(tmp(), 'missing'));
  await connect('no directory', path.join(tmp(), 'no', 'way'));
  fs.writeFileSync(path.join(tmp(), 'plain'), '');
  await connect('plain file', path.join(tmp(), 'plain'));
  await connect('below a file', path.join(tmp(), 'plain', 'x'));
  await connect('directory', tmp());
  await connect('too long', path.join(tmp(), 'x'.repeat(60), 'x'.repeat(60)));
  await connect('NUL inside', path.join(tmp(), 'x\0y'));
  await connect('abstract', '\0nodenet-nobody');
})();
