'use strict';
// A FIN that a timer asks for goes before what the next poll finds: 'finish' comes before 'end' and 'data' of what has long been there.
const { net, log } = require('./_trace');
const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }, (s) => {
  const name = `peer ${++count}`;
  for (const event of ['data', 'end', 'finish', 'close']) s.on(event, (what) => log(name, event, String(what)));
  s.pause();
  setTimeout(() => { log(name, 'timer'); s.resume(); s.end(); }, 30);
});
let count = 0;
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const ending = net.connect(port, '127.0.0.1', () => ending.end());
  ending.on('close', () => {
    const talking = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => talking.write('there'));
    talking.on('end', () => talking.end()).resume().on('close', () => server.close());
  }).resume();
});
