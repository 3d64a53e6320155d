'use strict';
// A lookup of one's own: what it is given, answers at once and late, and answers that are no addresses.
const { net, log, watch, listen, wait, attempt } = require('./_trace');
const server = net.createServer((s) => { s.resume(); s.on('error', () => {}); });
const shown = (o) => { const r = { family: o.family, hints: o.hints, all: o.all }; return r; };
listen(server, async (port) => {
  const asks = (name, more) => {
    const lookup = (host, options, callback) => log(name, 'asked', host, shown(options), typeof callback);
    net.connect({ port, host: 'x.test', lookup, ...more }).destroy();
  };
  asks('asked', {});
  for (const family of [0, 4, 6, 'IPv4', 'IPv6', 5]) asks('asked family', { family });
  asks('asked hints', { hints: 8 });
  asks('asked hints 4', { family: 4, hints: 8 });
  asks('asked one', { autoSelectFamily: false });
  asks('asked from', { localAddress: '127.0.0.1' });
  asks('asked from port', { localPort: 5 });
  const answers = async (name, more, ...answer) => {
    const lookup = (host, options, callback) => setImmediate(callback, ...answer);
    const c = watch(name, net.connect({ port, host: 'x.test', lookup, ...more }));
    c.on('error', () => {});
    c.on('connect', () => c.destroy());
    await wait(25);
  };
  const one = { autoSelectFamily: false };
  await answers('one', one, null, '127.0.0.1', 4);
  await answers('one number', one, null, 127, 4);
  await answers('one bad family', one, null, '127.0.0.1', 'IPv4');
  await answers('one wrong error', one, new TypeError('no'));
  await answers('all', {}, null, [{ address: '127.0.0.1', family: 4 }]);
  await answers('all twice', {}, null, [{ address: '127.0.0.1', family: 4 }, { address: '127.0.0.1', family: 4 }]);
  await answers('all no address', {}, null, [{ address: 'x', family: 4 }, { address: 'y', family: 6 }]);
  await answers('all bad family', {}, null, [{ address: '127.0.0.1', family: 5 }]);
  await answers('all some', {}, null, [{ address: 'x', family: 4 }, { address: '127.0.0.1', family: 4 }, { address: '::1', family: 0 }]);
  await answers('all error', {}, new TypeError('no'));
  // An answer inside the call: heard by those who listened before.
  const at = new net.Socket();
  watch('at once', at);
  at.on('connect', () => at.destroy());
  at.connect({ port, host: 'x.test', family: 4, lookup: (host, options, callback) => callback(null, '127.0.0.1', 4) });
  log('at once', 'called', at.connecting);
  await wait(25);
  const e = watch('error at once', new net.Socket()).on('error', () => {});
  e.connect({ port, host: 'x.test', lookup: (host, options, callback) => callback(new Error('at once')) });
  log('error at once', 'called', e.connecting, e.destroyed);
  await wait(25);
  // Destroyed before the answer.
  for (const [name, more] of [['late one', one], ['late all', {}]]) {
    let answer;
    const c = watch(name, net.connect({ port, host: 'x.test', lookup: (host, options, callback) => { answer = callback; }, ...more }));
    c.destroy();
    await wait(10);
    if (name === 'late one') answer(null, '127.0.0.1', 4); else answer(null, [{ address: '127.0.0.1', family: 4 }]);
    await wait(10);
  }
  attempt('throws', 'connect', () => net.connect({ port, host: 'x.test', lookup: () => { throw new Error('from lookup'); } }));
  server.close();
});
