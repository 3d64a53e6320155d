'use strict';
// server2.listen(server1): the same address, and whoever came last gets the connections.
const { net, log, watch, listen, wait } = require('./_trace');
const make = (name) => watch(name, net.createServer((s) => s.end(name)));
const first = make('first');
const second = make('second');
listen(first, async (port) => {
  const ask = () => new Promise((r) => {
    const c = net.connect(port, '127.0.0.1');
    c.on('data', (d) => log('client', 'from', d.toString()));
    c.on('close', r);
  });
  await ask();
  log('second', 'returns this', second.listen(first, () => log('second', 'callback')) === second, second.listening);
  log('second', 'same address', second.address().port === first.address().port, second.address().address);
  await wait(20);
  await ask();
  await ask();
  const third = make('third');
  third.listen(second, 5);
  await wait(20);
  await ask();
  log('third', 'still', first.listening, second.listening, third.listening);
  process.exit();
});
