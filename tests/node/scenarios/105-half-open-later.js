'use strict';
// allowHalfOpen of sockets and servers, changed later: what counts is its value when the end comes.
const { net, log, watch, listen, wait } = require('./_trace');
const server = net.createServer({ allowHalfOpen: true }, (s) => {
  log('peer', 'has', s.allowHalfOpen);
  s.on('error', () => {});
  s.on('data', (d) => { if (d.toString() === 'end') s.end('bye'); else if (d.toString() === 'off') { s.allowHalfOpen = false; s.write('is off'); } });
  s.on('end', () => { log('peer', 'end', s.allowHalfOpen, s.writable); setTimeout(() => { log('peer', 'later', s.writable, s.destroyed); s.end(); }, 20); });
  s.on('close', (e) => log('peer', 'close', e));
});
listen(server, async (port) => {
  const run = async (side, before, change, text) => {
    const c = watch(side, net.connect({ port, host: '127.0.0.1', ...before }), { state: false });
    log(side, 'has', c.allowHalfOpen);
    c.on('data', () => {});
    c.on('end', () => log(side, 'at the end', c.allowHalfOpen, c.writable, c.readyState));
    await new Promise((r) => c.on('ready', r));
    if (change !== undefined) c.allowHalfOpen = change;
    c.write(text);
    await wait(30);
    log(side, 'later', c.allowHalfOpen, c.writable, c.destroyed, c.readyState);
    c.end();
    await wait(40);
    log(side, 'over', c.destroyed);
  };
  await run('closed', {}, undefined, 'end');
  await run('opened later', {}, true, 'end');
  await run('open', { allowHalfOpen: true }, undefined, 'end');
  await run('closed later', { allowHalfOpen: true }, false, 'end');
  await run('peer closed later', {}, undefined, 'off');
  log('server', 'has', server.allowHalfOpen);
  server.allowHalfOpen = false;
  await run('server changed', {}, undefined, 'x');
  // Changed in the 'end' listener itself.
  const e = watch('in end', net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }), { state: false });
  e.on('data', () => {});
  e.on('end', () => { e.allowHalfOpen = false; });
  e.write('end');
  await wait(40);
  log('in end', 'later', e.writable, e.destroyed);
  e.destroy();
  await wait(30);
  server.close();
});
